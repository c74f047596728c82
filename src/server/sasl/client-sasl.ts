import { randomBytes } from 'node:crypto'
import { type Identity, SUPER_SCHEME } from '../../core/acl/authentication-provider.ts'
import type { ConnectionId, SaslAnswer, SaslExchange, SaslPort } from '../../core/ports.ts'
import { createDigestMd5Server } from '../../sasl/digest-md5/server.ts'
import type { ServerStep } from '../../sasl/exchange.ts'
import type { ServerLogin } from '../../sasl/jaas/login-section.ts'
import { nodeSaslHashes as hashes, randomNonce } from '../../sasl/node/hashes.ts'
import { saslId } from '../../sasl/principal.ts'
import { createScramServer } from '../../sasl/scram/server.ts'
import type { AclSettings } from '../config/settings.ts'
import type { MechanismExchange, SaslMechanism } from './mechanism.ts'
import { PasswordUsers } from './password-users.ts'

/** What both sides call the service and its host, and the realm: fixed, as upstream's. */
const PROTOCOL = 'zookeeper'
const SERVER_NAME = 'zk-sasl-md5'

/**
 * SASL for clients: an exchange is of the mechanism that the client's first token shows, since the packet does not name
 * one.
 *
 * @param realm  Kerberos' default realm, '' without one
 * @param others mechanisms beside those with passwords, such as GSSAPI; the first that knows a token has it
 */
export function createClientSasl(
  login: ServerLogin,
  acl: AclSettings,
  realm: string,
  others: readonly SaslMechanism[] = []
): SaslPort {
  const mechanisms = [...others, ...passwordMechanisms(login, acl)]
  return {
    allowsFailedClients: acl.allowsSaslFailedClients,
    begin: (connection) => new ClientExchange(connection, mechanisms, acl, realm)
  }
}

function passwordMechanisms(login: ServerLogin, acl: AclSettings): SaslMechanism[] {
  if (login.users.size === 0) return []
  const isOn = (name: string): boolean => acl.saslMechanisms.includes(name)
  const users = new PasswordUsers(login.users, acl.saslSuperPassword, isOn('SCRAM-SHA-256'), hashes, randomBytes)
  const decoySecret = randomBytes(32)
  const digestMd5: SaslMechanism = {
    name: 'DIGEST-MD5',
    // compat: a first token of any other kind is answered with a challenge, as by Java.
    begins: () => true,
    begin: () =>
      createDigestMd5Server({
        hashes,
        protocol: PROTOCOL,
        serverName: SERVER_NAME,
        nonce: randomNonce(),
        passwordOf: (user) => users.passwordOf(user)
      })
  }
  const scram: SaslMechanism = {
    name: 'SCRAM-SHA-256',
    begins: (token) => /^(?:[ny]|p=[^,]*),/.test(Buffer.from(token.subarray(0, 32)).toString('latin1')),
    begin: () =>
      createScramServer({
        hashes,
        nonce: randomNonce(),
        decoySecret,
        decoyIterations: users.decoyIterations,
        verifierOf: (user) => users.verifierOf(user)
      })
  }
  return [scram, ...(hasMd5() ? [digestMd5] : [])].filter(({ name }) => isOn(name))
}

/** An OpenSSL in FIPS mode has none, and says so when it is asked for a hash. */
function hasMd5(): boolean {
  try {
    hashes.md5(new Uint8Array(0))
    return true
  } catch {
    return false
  }
}

class ClientExchange implements SaslExchange {
  readonly #connection: ConnectionId
  readonly #mechanisms: readonly SaslMechanism[]
  readonly #acl: AclSettings
  readonly #realm: string
  #exchange: MechanismExchange | null = null

  constructor(connection: ConnectionId, mechanisms: readonly SaslMechanism[], acl: AclSettings, realm: string) {
    this.#connection = connection
    this.#mechanisms = mechanisms
    this.#acl = acl
    this.#realm = realm
  }

  evaluate(token: Uint8Array): SaslAnswer | { readonly kind: 'pending' } {
    if (this.#exchange === null) {
      const mechanism = this.#mechanisms.find(({ begins }) => begins(token))
      if (mechanism === undefined) return this.#unknown(token)
      this.#exchange = mechanism.begin(this.#connection)
    }
    const step = this.#exchange.evaluate(token)
    return step.kind === 'pending' ? step : answerOf(step, this.#acl, this.#realm)
  }

  #unknown(token: Uint8Array): SaslAnswer {
    const names = this.#mechanisms.map(({ name }) => name).join(', ')
    const which = token.length === 0 ? 'its first token, an empty one,' : 'its first token'
    return { kind: 'failed', reason: `${which} is of none of the mechanisms that are on: ${names}` }
  }
}

/** What a mechanism's step means for a connection: who has logged in, and whether that is a super user. */
export function answerOf(step: ServerStep, acl: AclSettings, realm: string): SaslAnswer {
  if (step.kind !== 'complete') return step
  const { authenticationId, token } = step
  const id = saslId(authenticationId, {
    removesHost: acl.kerberosRemoveHost,
    removesRealm: acl.kerberosRemoveRealm,
    defaultRealm: realm
  })
  if (id === null) return { kind: 'failed', reason: `${JSON.stringify(authenticationId)} is no Kerberos name` }
  const identity: Identity = { scheme: 'sasl', id }
  const isSuper = id !== '' && acl.saslSuperUsers.includes(id)
  return { kind: 'complete', token, identities: isSuper ? [identity, { scheme: SUPER_SCHEME, id: '' }] : [identity] }
}
