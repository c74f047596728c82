/** Types of the packets between a learner and its leader (quorum-protocol section 6). There is no type 31. */
export const PacketType = {
  request: 1,
  proposal: 2,
  ack: 3,
  commit: 4,
  ping: 5,
  revalidate: 6,
  sync: 7,
  inform: 8,
  commitAndActivate: 9,
  newLeader: 10,
  followerInfo: 11,
  upToDate: 12,
  diff: 13,
  trunc: 14,
  snap: 15,
  observerInfo: 16,
  leaderInfo: 17,
  ackEpoch: 18,
  informAndActivate: 19
} as const
export type PacketType = (typeof PacketType)[keyof typeof PacketType]

/** Version of the learner protocol, in LearnerInfo and LEADERINFO. */
export const LEARNER_PROTOCOL_VERSION = 0x10000

/** Ends the snapshot stream that follows a SNAP packet, as a ustring. */
export const SNAPSHOT_SIGNATURE = 'BenWasHere'
