/** Release of Apache ZooKeeper whose behaviour this server has. Clients and tools decide by it what they may use. */
export const COMPATIBLE_VERSION = '3.9.5'

/** This project's own release, as in package.json. */
export const ZOONODE_VERSION = '0.1.0'

const BUILT_ON = '2026-11-23 00:00 UTC'

/**
 * As upstream prints `Version.getFullVersion()`: VERSION-REVISION, built on DATE. The version is the compatible one, because
 * programs parse it there; where upstream has the hash of its revision, this names the server that really answers.
 */
export const FULL_VERSION = `${COMPATIBLE_VERSION}-zoonode-${ZOONODE_VERSION}, built on ${BUILT_ON}`
