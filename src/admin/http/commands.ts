import type { AdminCommand } from './command.ts'
import { ensembleCommands } from './ensemble-commands.ts'
import { sessionCommands } from './session-commands.ts'
import { slowCommands } from './slow-command.ts'
import { stateCommands } from './state-commands.ts'
import { statisticsCommands } from './statistics-commands.ts'

/** Commands by each of their names. */
export class CommandTable {
  readonly #byName = new Map<string, AdminCommand>()
  /** Primary names, sorted. */
  readonly names: readonly string[]

  /** @param more beside those that need no settings */
  constructor(more: readonly AdminCommand[]) {
    const all = [
      ...stateCommands,
      ...statisticsCommands,
      ...sessionCommands,
      ...ensembleCommands,
      ...slowCommands,
      ...more
    ]
    for (const one of all) for (const name of [one.name, ...one.aliases]) this.#byName.set(name, one)
    this.names = all.map(({ name }) => name).sort()
  }

  find(name: string): AdminCommand | undefined {
    return this.#byName.get(name)
  }
}

/** The page of links: as upstream, text without a type, each link on a line of its own. */
export function indexPage(names: readonly string[], commandUrl: string): string {
  return names.map((name) => `<a href="${commandUrl}/${name}">${name}</a>\n<br/>\n`).join('')
}
