const LINE_LENGTH_MAX = 120

/** Lines of a docstring at an indent; none if there is no text. */
export function docComment(text: string, indent = ''): string[] {
  if (text === '') return []
  const lines = text.replaceAll('*/', '*\\/').split('\n')
  const [first] = lines
  if (lines.length === 1 && first !== undefined && indent.length + first.length + 7 <= LINE_LENGTH_MAX) {
    return [`${indent}/** ${first} */`]
  }
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`]
}
