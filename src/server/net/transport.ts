/** How the bytes of one client connection come and go, whatever it goes over. */
export interface Transport {
  readonly remotePort: number
  /** Nothing can be sent or read any more. */
  readonly destroyed: boolean
  /** Bytes that were given to `send` and that the kernel has not taken. */
  readonly unsentBytes: number
  /** The kernel takes no more: `sent` is told once it has taken all that it was given. */
  readonly isStuck: boolean

  /** Begins to read, and to tell the observer. Called once. */
  begin(observer: TransportObserver): void

  /**
   * Sends bytes behind those before.
   *
   * @param isLasting nobody changes these bytes any more
   * @returns whether the caller may use their memory again at once; else never
   */
  send(bytes: Buffer, isLasting: boolean): boolean

  pause(): void
  resume(): void
  /** Closes when all that was given to `send` has been sent. */
  closeWhenSent(): void
  destroy(): void
}

/** Who is told what becomes of a transport. */
export interface TransportObserver {
  /** So many bytes are in the buffer for reads; they are there during the call only. */
  read(count: number): void
  /** All bytes have been sent after the transport was stuck. */
  sent(): void
  /** The client has ended its side. The transport closes when what was sent before has gone out. */
  ended(): void
  /** `closed` follows. */
  failed(error: Error): void
  /** The last call, never during one of the transport's own. */
  closed(): void
}
