#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findConfig, namesConfig } from './find-config.ts'
import { SUB_COMMANDS } from './sub-commands.ts'

/** `zoonode COMMAND …`, the command of the package: finds the program and lets it run in this process. */

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url))
const NODE_OLDEST = [20, 19] as const
const EXIT_USAGE = 2

function usage(): string {
  const width = Math.max(...SUB_COMMANDS.map(({ name }) => name.length))
  const commands = SUB_COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return `usage: zoonode COMMAND [argument …]\n\n${commands.join('\n')}\n  ${'version'.padEnd(width)}  tells which release this is\n\n\
Without a configuration, server takes $ZOOCFGDIR/zoo.cfg, conf/zoo.cfg or zoo.cfg of the working directory,
/etc/zookeeper/zoo.cfg, or the one of the package: port 2181, data in ./data.\n`
}

function isNodeTooOld(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major < NODE_OLDEST[0] || (major === NODE_OLDEST[0] && minor < NODE_OLDEST[1])
}

/** Exit code of what ends here; null where a program has been started, which ends by itself. */
async function main(args: readonly string[]): Promise<number | null> {
  if (isNodeTooOld()) {
    process.stderr.write(
      `zoonode: this is Node.js ${process.versions.node}; ${NODE_OLDEST.join('.')} or newer is needed\n`
    )
    return 1
  }
  const [name, ...rest] = args
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const isAsked = name !== undefined
    process[isAsked ? 'stdout' : 'stderr'].write(usage())
    return isAsked ? 0 : EXIT_USAGE
  }
  if (name === 'version' || name === '--version') {
    const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string } // our own file
    process.stdout.write(`zoonode ${version}\n`)
    return 0
  }
  const command = SUB_COMMANDS.find((candidate) => candidate.name === name)
  if (command === undefined) {
    process.stderr.write(`zoonode: there is no command ${name}\n${usage()}`)
    return EXIT_USAGE
  }
  if (command.usage !== undefined && rest.length === 1 && (rest[0] === '--help' || rest[0] === '-h')) {
    process.stdout.write(`${command.usage}\n`)
    return 0
  }
  const found = command.findsConfig === true && !namesConfig(rest) ? [configFile()] : []
  process.argv.splice(2, args.length, ...rest, ...found)
  await command.run()
  return null
}

function configFile(): string {
  const file = findConfig(process.env, process.cwd(), PACKAGE, existsSync)
  process.stderr.write(`zoonode: using the configuration ${file}\n`)
  return file
}

const code = await main(process.argv.slice(2))
if (code !== null) process.exitCode = code
