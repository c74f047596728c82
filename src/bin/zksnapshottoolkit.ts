import { runTool } from '../tools/run-tool.ts'
import { snapshotToolkit } from '../tools/snapshots/main.ts'

/** Shows a snapshot: `zkSnapShotToolkit.sh`. */

await runTool(snapshotToolkit)
