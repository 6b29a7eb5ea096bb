// The port of calls to another node of the cluster.

export interface PeerCalls {
  /**
   * Calls a handler of another node, or of this one. Calls to one node are begun in the order in
   * which they were made. Errors: PulseprintErrors of the other side as such. PEER_LOST when the
   * other node or the way to it is lost, or `waitMs` have passed: what was asked may then have been
   * done or not. OVERLOADED when too much is on its way already: then it was not sent.
   */
  call<Result>(instance: string, method: string, waitMs: number, ...parameters: unknown[]): Promise<Result>
}
