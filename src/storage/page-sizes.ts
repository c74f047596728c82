/** Sizes of pages, in bytes. A file keeps the one that it was made with. */

/** Of state.db. */
export const STATE_PAGE_BYTES = 4096
/**
 * Of a segment of the log, as a rule: a commit writes whole pages, three or four of them for a small one, and most of larger
 * pages would be written for nothing.
 */
export const SMALL_PAGE_BYTES = 2048
/** Of a segment whose commits fill many pages anyway: each page is two system calls. */
export const LARGE_PAGE_BYTES = 4096
/** All that this server writes to log and state files, or has written. */
export const OWN_PAGE_SIZES: readonly number[] = [1024, 2048, 4096]

/** Commits of more bytes than this get large pages; below, small ones spare more than a tenth of what is written. */
const LARGE_COMMIT_BYTES = 64 * 1024

/** The size of pages for a segment that is to hold such commits; both 0 when none is known. */
export function pageBytesFor(commits: number, bytes: number): number {
  return bytes > commits * LARGE_COMMIT_BYTES ? LARGE_PAGE_BYTES : SMALL_PAGE_BYTES
}
