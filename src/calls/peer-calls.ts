// The port of calls to another node of the cluster.

export interface PeerCalls {
  /**
   * Calls a handler of another node, or of this one. Calls to one node begin in the order in which
   * they were made. Errors: the other side's PulseprintErrors as such. PEER_LOST if the other node
   * or the way to it is lost, or `waitMs` have passed; the other node may then have done the work
   * or not. OVERLOADED if too much is on its way already; the call was then not sent.
   */
  call<Result>(instance: string, method: string, waitMs: number, ...parameters: unknown[]): Promise<Result>
}
