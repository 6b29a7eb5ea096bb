// Asks JetStream for something and turns what goes wrong with it into an error of ours.
import { PulseprintError } from '../../../errors.ts'

/** Errors: STORAGE_UNAVAILABLE with the server's or the client's reason. */
export async function asked<Answer>(answer: Promise<Answer>, failure: string): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    throw new PulseprintError('STORAGE_UNAVAILABLE', `${failure}: ${(error as Error).message}`)
  }
}
