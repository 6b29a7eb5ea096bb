// Asks the leader of a JetStream stream for the first message of a subject from a place on.
import type { JetStreamManager, NextMsgRequest, SeqMsgRequest, StoredMsg } from '@nats-io/jetstream'

/** @param subject may hold wildcards @param from a sequence of the stream; nothing need be there */
export function nextItem(
  manager: JetStreamManager,
  stream: string,
  subject: string,
  from: number,
): Promise<StoredMsg | null> {
  // The client's types know only one of the two at a time; the server takes both.
  const which: SeqMsgRequest & NextMsgRequest = { seq: from, next_by_subj: subject }
  return manager.streams.getMessage(stream, which)
}
