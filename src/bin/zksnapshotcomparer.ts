import { runTool } from '../tools/run-tool.ts'
import { snapshotComparer } from '../tools/snapshots/main.ts'
import { readLine } from '../tools/standard-input.ts'

/** Compares two snapshots: `zkSnapshotComparer.sh`. */

await runTool((args, out) =>
  snapshotComparer(args, out, () => {
    out.flush()
    return readLine()
  })
)
