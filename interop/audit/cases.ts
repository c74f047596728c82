import type { AclEntry, Request } from '../differential/requests.ts'
import type { Step } from '../differential/steps.ts'

/** Requests whose lines in the audit log are compared, case by case. Slot 0 is a connection that is always there. */
export interface AuditCase {
  readonly name: string
  readonly steps: readonly Step[]
}

const OPEN: readonly AclEntry[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const READ_ONLY: readonly AclEntry[] = [{ perms: 1, scheme: 'world', id: 'anyone' }]

function create(path: string | null, flags = 0, acl: readonly AclEntry[] | null = OPEN, op = 1): Request {
  return { op, fields: { path, data: 'data', acl, flags } as NonNullable<Request['fields']> }
}

function createTtl(path: string, flags: number, ttl: number): Request {
  return { op: 21, fields: { path, data: 'data', acl: OPEN, flags, ttl } }
}

const remove = (path: string, version = -1): Request => ({ op: 2, fields: { path, version } })
const set = (path: string, version = -1): Request => ({ op: 5, fields: { path, data: 'more', version } })
const check = (path: string, version = -1): Request => ({ op: 13, fields: { path, version } })
const multi = (...ops: readonly Request[]): Request => ({ op: 14, fields: { ops } })
const reap = (path: string): Request => ({ op: 20, fields: { path } })
const get = (path: string): Request => ({ op: 4, fields: { path, watch: 0 } })
const auth = (scheme: string, text: string): Request => ({
  op: 100,
  xid: -4,
  fields: { authType: 0, scheme, auth: text }
})

function setAcl(path: string, acl: readonly AclEntry[] | null, version = -1): Request {
  return { op: 7, fields: { path, acl, version } as NonNullable<Request['fields']> }
}

/** One by one: each is answered before the next is sent. */
function each(slot: number, ...requests: readonly Request[]): Step[] {
  return requests.map((request) => ({ kind: 'requests', slot, requests: [request], settle: false }))
}

export function connect(slot: number, session: number, timeoutMs = 30_000): Step {
  return {
    kind: 'connect',
    slot,
    session,
    resume: false,
    password: 'right',
    timeoutMs,
    zxidsAhead: null,
    readOnly: false,
    protocolVersion: 0
  }
}

const CLOSE: Request = { op: -11 }

export const AUDIT_CASES: readonly AuditCase[] = [
  {
    name: 'creates of every mode',
    steps: [
      ...each(0, ...[0, 1, 2, 3, 4].map((flags) => create(`/mode-${flags}-`, flags))),
      ...each(0, ...[0, 1, 2, 3].map((flags) => create(`/mode2-${flags}-`, flags, OPEN, 15))),
      ...each(0, create('/container', 4, OPEN, 19), create('/container-by-type', 0, OPEN, 19)),
      ...each(0, createTtl('/ttl', 5, 60_000), createTtl('/ttl-', 6, 60_000))
    ]
  },
  {
    name: 'creates that fail',
    steps: [
      ...each(0, create('/fail'), create('/fail'), create('/none/child'), create('bad'), create('/bad//path')),
      ...each(0, create('/fail/'), create('/closed', 0, READ_ONLY), create('/closed/child'), create('/mode-1-/child')),
      ...each(0, create('/no-acl', 0, []), create('/odd-acl', 0, [{ perms: 31, scheme: 'odd', id: 'x' }])),
      ...each(0, createTtl('/ttl-zero', 5, 0), create(null), create('/seq', 3, READ_ONLY), create('/fail', 2))
    ]
  },
  {
    name: 'delete and setData',
    steps: [
      ...each(0, create('/d'), create('/d/c'), remove('/d'), remove('/d/c', 7), remove('/d/c'), remove('/d', 0)),
      ...each(0, remove('/d'), remove('/closed-none'), remove('/zookeeper'), create('/ro', 0, READ_ONLY)),
      ...each(0, create('/s'), set('/s'), set('/s', 9), set('/s', 1), set('/none'), set('/ro'), set('bad'))
    ]
  },
  {
    name: 'deleteContainer sent by a client',
    steps: each(0, create('/box', 4, OPEN, 19), reap('/box'))
  },
  {
    name: 'setACL',
    steps: [
      ...each(0, create('/acl'), setAcl('/acl', OPEN), setAcl('/acl', READ_ONLY, 5), setAcl('/acl', [])),
      ...each(
        0,
        setAcl('/acl', [
          { perms: 3, scheme: 'ip', id: '10.0.0.0/8' },
          { perms: 20, scheme: 'digest', id: 'user:hash' },
          { perms: 31, scheme: 'world', id: 'anyone' }
        ])
      ),
      ...each(0, setAcl('/none', OPEN), setAcl('/acl', READ_ONLY), setAcl('/acl', OPEN), get('/acl'))
    ]
  },
  {
    name: 'multi: every operation',
    steps: each(
      0,
      multi(
        create('/m'),
        create('/m/e', 1),
        create('/m/s-', 2),
        create('/m/two', 0, OPEN, 15),
        create('/m/box', 4, OPEN, 19),
        createTtl('/m/ttl', 5, 60_000),
        check('/m'),
        set('/m'),
        remove('/m/e')
      ),
      multi(create('/m/again', 1), remove('/m/again'), create('/m/again')),
      multi(check('/m')),
      multi()
    )
  },
  {
    name: 'multi: failing ones',
    steps: each(
      0,
      multi(create('/mf'), create('/mf'), set('/none')),
      multi(check('/m', 77), remove('/m')),
      multi(create('/mf', 0, []), set('/m')),
      multi(create('/mf', 99)),
      multi(get('/m'))
    )
  },
  {
    name: 'reconfig',
    steps: each(0, {
      op: 16,
      fields: { joining: 'server.1=a:1:2', leaving: null, newMembers: null, configVersion: -1 }
    })
  },
  {
    name: 'users',
    steps: [
      connect(1, 1),
      ...each(1, auth('digest', 'alice:secret'), create('/by-alice', 0, [{ perms: 31, scheme: 'auth', id: '' }])),
      ...each(
        1,
        auth('digest', 'bob:secret'),
        set('/by-alice'),
        setAcl('/by-alice', [{ perms: 31, scheme: 'auth', id: '' }])
      ),
      ...each(0, set('/by-alice'), remove('/by-alice')),
      ...each(1, CLOSE)
    ]
  },
  {
    name: 'the super user',
    steps: [connect(1, 2), ...each(1, auth('digest', 'super:admin'), set('/ro'), CLOSE)]
  },
  {
    name: 'a session that closes',
    steps: [connect(1, 3), ...each(1, create('/mine', 1), CLOSE), connect(1, 4), ...each(1, CLOSE)]
  },
  {
    name: 'a session that expires',
    steps: [{ kind: 'expire', session: 5, requests: [create('/expiring', 1)] }]
  },
  {
    name: 'a connection that drops at once',
    steps: [connect(1, 6), ...each(1, create('/dropped')), { kind: 'drop', slot: 1 }]
  },
  {
    name: 'quota',
    steps: each(
      0,
      create('/q'),
      create('/zookeeper/quota/q'),
      {
        op: 1,
        fields: {
          path: '/zookeeper/quota/q/zookeeper_limits',
          data: 'count=1,bytes=-1=;byteHardLimit=-1;countHardLimit=2',
          acl: OPEN,
          flags: 0
        }
      },
      { op: 1, fields: { path: '/zookeeper/quota/q/zookeeper_stats', data: 'count=0,bytes=0', acl: OPEN, flags: 0 } },
      create('/q/1'),
      create('/q/2')
    )
  },
  {
    name: 'reads are not audited',
    steps: each(
      0,
      get('/q'),
      get('/none'),
      { op: 12, fields: { path: '/', watch: 1 } },
      { op: 9, fields: { path: '/' } }
    )
  },
  {
    name: 'bodies that cannot be read',
    steps: each(
      0,
      { ...create('/cut'), mangle: { cut: 6 } },
      { ...set('/q'), mangle: { cut: 6 } },
      { ...remove('/q'), mangle: { cut: 2 } },
      { ...multi(create('/cut')), mangle: { cut: 12 } }
    )
  }
]

/** Marks the end of a case in the log. */
export function fence(number: number): Step {
  return { kind: 'requests', slot: 0, requests: [create(`/fence-${number}`)], settle: false }
}
