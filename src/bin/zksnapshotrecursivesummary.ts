import { runTool } from '../tools/run-tool.ts'
import { recursiveSummary } from '../tools/snapshots/main.ts'

/** Sums up a snapshot by subtree: `zkSnapshotRecursiveSummaryToolkit.sh`. */

await runTool(recursiveSummary)
