/**
 * The stored ephemeralOwner, which says how a node lives:
 *
 * | kind      | stored                                   | shown      |
 * |-----------|------------------------------------------|------------|
 * | none      | 0                                        | 0          |
 * | session   | session id                               | session id |
 * | container | 0x8000000000000000                       | 0          |
 * | ttl       | 0xff, 16 feature bits (0), 40 bits of ms | 0          |
 *
 * @see `EphemeralType`, `EphemeralTypeEmulate353`
 */
export type OwnerKind = 'none' | 'session' | 'container' | 'ttl'

export interface OwnerSettings {
  /** `zookeeper.extendedTypesEnabled`: without it a TTL mark reads as the id of a session that nobody has. */
  readonly extendedTypesEnabled: boolean
  /** `zookeeper.emulate353TTLNodes`, off unless given: any negative owner but a container's is a TTL node, as 3.5.3 wrote them. */
  readonly emulate353TtlNodes?: boolean
}

const CONTAINER_HI = 0x80000000 | 0
const TTL_MARK = 0xff

/**
 * What a stored owner means.
 * @returns null for a TTL mark with feature bits that nobody has defined: such data must not be served
 */
export function ownerKind(hi: number, lo: number, settings: OwnerSettings): OwnerKind | null {
  if (hi === 0 && lo === 0) return 'none'
  const isContainer = hi === CONTAINER_HI && lo === 0
  if (settings.extendedTypesEnabled) {
    if (settings.emulate353TtlNodes === true && hi < 0 && !isContainer) return 'ttl'
    if (hi >>> 24 === TTL_MARK) return (hi & 0xffff00) === 0 ? 'ttl' : null
  }
  return isContainer ? 'container' : 'session'
}

/** High word of a container's owner; the low word is 0. */
export function containerOwnerHi(): number {
  return CONTAINER_HI
}

/** High word of the owner of a TTL node; the low word is the low word of the ttl. */
export function ttlOwnerHi(ttlHi: number): number {
  return (TTL_MARK << 24) | ttlHi
}

/** Milliseconds after its last change at which a childless TTL node goes. */
export function ttlMs(ownerHi: number, ownerLo: number): number {
  return (ownerHi & 0xff) * 4294967296 + (ownerLo >>> 0)
}

/** Tells whether a ttl is 1 to 0xffffffffff ms: nothing else may be logged, as it could not be applied. */
export function isValidTtl(ttlHi: number, ttlLo: number): boolean {
  return ttlHi >= 0 && ttlHi <= 0xff && (ttlHi !== 0 || ttlLo !== 0)
}
