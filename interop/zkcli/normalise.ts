/** Replaces what differs from run to run: ports, zxids, times, session ids, and the build of the program. */
export function normalise(text: string): string {
  return text
    .replace(/127\.0\.0\.1:\d{5}/g, 'HOST:PORT')
    .replace(/([cmp]Zxid = 0x)(?!0$)[0-9a-f]+$/gm, '$1…')
    .replace(/(ephemeralOwner = 0x)(?!0$)[0-9a-f]+$/gm, '$1…')
    .replace(/([cm]time = )(?!Thu Jan 01 00:00:00 UTC 1970$).*$/gm, '$1…')
    .replace(/(zxid: )\d+$/gm, '$1…')
    .replace(/(CLI version: 3\.9\.5)-\S+, built on .*$/gm, '$1…')
    .replace(/[ \t]+$/gm, '')
}

/** Sorts what Apache's server gives in the order of a hash table: lists of children in brackets, and a session's identities. */
export function sortLists(text: string): string {
  return text
    .replace(/^\[([^[\]]*, [^[\]]*)\]$/gm, (_, list: string) => `[${list.split(', ').sort().join(', ')}]`)
    .replace(
      /^(Auth scheme: User\n)((?:\w+: .*\n?)+)/m,
      (_, head: string, rows: string) => head + rows.trim().split('\n').sort().join('\n')
    )
}
