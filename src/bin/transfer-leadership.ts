import { parseArgs } from 'node:util'
import { messageOf, transferLeadership } from '../tools/transfer-leadership.ts'

/** Hands the lead of an ensemble to another server: `zoonode transfer-leadership`. */

const USAGE = `usage: zoonode transfer-leadership [--to ID] [--admin URL] [--auth CREDENTIALS]
  --to ID             the server that is to lead; without it, a follower that is in sync
  --admin URL         HTTP admin server of the leader (http://127.0.0.1:8080)
  --auth CREDENTIALS  of somebody who may do everything to the root, such as "digest super:PASSWORD"; the variable
                      ZOONODE_ADMIN_AUTH does the same, and other users of the machine do not see it ("ip" if none is given)
`
const EXIT_USAGE = 2

try {
  const { values } = parseArgs({
    options: {
      to: { type: 'string' },
      admin: { type: 'string', default: 'http://127.0.0.1:8080' },
      auth: { type: 'string', default: process.env.ZOONODE_ADMIN_AUTH ?? 'ip' },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) process.stdout.write(USAGE)
  else {
    const { text, isDone } = await transferLeadership(values.admin, values.auth, values.to ?? null)
    process[isDone ? 'stdout' : 'stderr'].write(`${text}\n`)
    process.exitCode = isDone ? 0 : 1
  }
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n${USAGE}`)
  process.exitCode = EXIT_USAGE
}
