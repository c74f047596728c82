import { logTool } from '../tools/log/main.ts'
import { runTool } from '../tools/run-tool.ts'

/** Questions to the transaction log: `zkLog.sh`. */

await runTool(logTool)
