/** Something that must hold does not. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError'
}

/** @throws SimulationError with the text of `what` unless it holds */
export function check(holds: boolean, what: () => string): void {
  if (!holds) throw new SimulationError(what())
}
