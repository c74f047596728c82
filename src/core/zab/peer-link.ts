import type { JuteWriter } from 'jute-ts'

/**
 * Names one connection of the quorum port for the life of the process; never reused. Those that learners opened are
 * positive and named by the shell; those that this server opens to a leader are negative and named by the core.
 */
export type LinkId = number & { readonly brand: 'LinkId' }

/** Writing to the links of the quorum port. What is written goes out at the end of the step, in order. */
export interface LinkOutput {
  /**
   * Where packets for a link are appended, whole ones or raw bytes of a snapshot stream. A link that is gone gets a
   * writer whose bytes go nowhere. Valid until the next call of any output.
   */
  linkWriter(link: LinkId): JuteWriter
  /** Asks for the input `linkDrained` as soon as what was written to the link has been sent, all or nearly. */
  awaitLinkDrained(link: LinkId): void
  /** Closes a link after what was written to it so far has been sent. No `linkClosed` comes for it any more. */
  closeLink(link: LinkId, reason: string): void
}
