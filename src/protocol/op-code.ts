/** Request types of the client protocol (`ZooDefs.OpCode`); negative ones never come from a client but closeSession. */
export const OpCode = {
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
  error: -1
} as const

/** Any request type, known or not, as it came in a RequestHeader. */
export type OpCode = number

/** Reserved xids of the client protocol. */
export const Xid = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const

/** Flags of a CreateRequest (`CreateMode`). */
export const CreateMode = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  persistentWithTtl: 5,
  persistentSequentialWithTtl: 6
} as const

/** Types of a WatcherEvent that a server sends; 5 to 7 are made by clients. */
export const EventType = {
  none: -1,
  nodeCreated: 1,
  nodeDeleted: 2,
  nodeDataChanged: 3,
  nodeChildrenChanged: 4,
  dataWatchRemoved: 5,
  childWatchRemoved: 6,
  persistentWatchRemoved: 7
} as const
export type EventType = (typeof EventType)[keyof typeof EventType]

/** States of a WatcherEvent; a server always sends syncConnected. */
export const KeeperState = {
  disconnected: 0,
  syncConnected: 3,
  authFailed: 4,
  connectedReadOnly: 5,
  saslAuthenticated: 6,
  closed: 7,
  expired: -112
} as const

/** Permission bits of an ACL entry. */
export const Perm = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const

/** Modes of addWatch. */
export const AddWatchMode = { persistent: 0, persistentRecursive: 1 } as const

/** Kinds that checkWatches and removeWatches name. */
export const WatcherType = { children: 1, data: 2, any: 3, persistent: 4, persistentRecursive: 5 } as const
