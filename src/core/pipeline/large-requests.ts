import type { CoreSettings } from './core-settings.ts'

/**
 * largeRequestThreshold, largeRequestMaxBytes: requests longer than the one share a budget of bytes, the other, until
 * they are answered; a connection whose request does not fit in is closed. Off by default.
 * @see `ZooKeeperServer.checkRequestSizeWhenReceivingMessage`
 */
export class LargeRequests {
  /** A request longer than this is a large one; infinite where none is. */
  readonly threshold: number
  readonly #bytesMax: number
  #bytes = 0

  constructor({ largeRequestThresholdBytes, largeRequestMaxBytes }: CoreSettings) {
    this.threshold = largeRequestThresholdBytes > 0 ? largeRequestThresholdBytes : Number.POSITIVE_INFINITY
    this.#bytesMax = largeRequestMaxBytes
  }

  /** Bytes of large requests read and not yet answered. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether a frame of this length must be refused. */
  mustRefuse(frameBytes: number): boolean {
    return frameBytes > this.threshold && this.#bytes + frameBytes > this.#bytesMax
  }

  /** Enters a request; returns what it counts until it is answered: the length of its body, or 0 if it is not large. */
  enter(bodyBytes: number): number {
    if (bodyBytes <= this.threshold) return 0
    this.#bytes += bodyBytes
    return bodyBytes
  }

  /** A request has been answered, or will not be. */
  leave(largeBytes: number): void {
    this.#bytes -= largeBytes
  }
}
