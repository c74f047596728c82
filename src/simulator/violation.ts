/** Something that must always hold did not. */
export class Violation extends Error {
  override readonly name = 'Violation'
  /** Which promise was broken, in a few words. */
  readonly rule: string

  constructor(rule: string, detail: string) {
    super(`${rule}: ${detail}`)
    this.rule = rule
  }
}

/** @throws Violation unless the condition holds */
export function demand(condition: boolean, rule: string, detail: () => string): asserts condition {
  if (!condition) throw new Violation(rule, detail())
}
