import { readFileSync } from 'node:fs'
import { runTool } from '../tools/run-tool.ts'
import { scramVerifier } from '../tools/scram/main.ts'

/** Makes what a server keeps of a password: `zkScramVerifier.sh`. */

const STANDARD_INPUT = 0

await runTool((args, out) => {
  const isHelp = args.length === 0
  const [password = ''] = isHelp ? [] : readFileSync(STANDARD_INPUT, 'utf8').split(/\r?\n/, 1)
  scramVerifier(args, password, out)
})
