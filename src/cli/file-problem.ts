const TEXTS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory'
}

/** Why a file could not be read, in the words of the system. */
export function fileProblem(cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  return TEXTS[code] ?? (cause instanceof Error ? cause.message : String(cause))
}
