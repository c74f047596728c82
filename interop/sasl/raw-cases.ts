import { JuteReader } from 'jute-ts'
import { OpCode } from '../../src/protocol/op-code.ts'
import { createDigestMd5Client, type DigestClientOptions } from '../../src/sasl/digest-md5/client.ts'
import { nodeSaslHashes as hashes } from '../../src/sasl/node/hashes.ts'
import type { RawClient } from './raw-client.ts'

/** What a client says and does; `see` gets everything that both servers must show alike. */
export interface RawCase {
  readonly name: string
  run(client: RawClient, see: (text: string) => void): Promise<void>
}

type Change = (response: string) => string
const unchanged: Change = (response) => response

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8')

/** Sends a token and sees the reply, with what is random in it left out. */
async function token(
  client: RawClient,
  see: (text: string) => void,
  xid: number,
  bytes: Uint8Array | null
): Promise<Buffer> {
  const { header, body, err } = await client.request(OpCode.sasl, xid, (writer) => writer.writeBuffer(bytes))
  if (err === null) {
    see(header)
    return Buffer.alloc(0)
  }
  const answer = new JuteReader(body).readBuffer()
  const text = answer === null ? 'null' : Buffer.from(answer).toString('latin1')
  see(
    `${header}, token ${text.replace(/nonce="[^"]{40}"/, 'nonce=40').replace(/^rspauth=[0-9a-f]{32}$/, 'rspauth=32')}`
  )
  return answer === null ? Buffer.alloc(0) : Buffer.from(answer)
}

/** An exchange of a client that knows `options`, whose response is sent as `change` makes it. */
async function exchange(
  client: RawClient,
  see: (text: string) => void,
  options: Partial<DigestClientOptions> = {},
  change: Change = unchanged
): Promise<void> {
  const side = createDigestMd5Client({
    hashes,
    username: 'bob',
    password: 'bobsecret',
    protocol: 'zookeeper',
    serverName: 'zk-sasl-md5',
    cnonce: 'Y25vbmNl',
    ...options
  })
  const challenge = await token(client, see, 1, side.initialResponse())
  const step = side.evaluate(challenge)
  if (step.kind !== 'response') return see(step.kind)
  const answer = await token(client, see, 2, Buffer.from(change(Buffer.from(step.token).toString('latin1')), 'latin1'))
  if (answer.length > 0) see(`the client finds it ${side.evaluate(answer).kind}`)
}

async function whoAmI(client: RawClient, see: (text: string) => void): Promise<void> {
  const { header, body, err } = await client.request(OpCode.whoAmI, 8, () => undefined)
  if (err !== 0) return see(`whoAmI: ${header}`)
  const reader = new JuteReader(body)
  const ids = Array.from({ length: reader.readVectorLength() }, () => `${reader.readString()}:${reader.readString()}`)
  see(`whoAmI: ${header}: ${ids.sort().join(', ')}`)
}

async function end(client: RawClient, see: (text: string) => void): Promise<void> {
  see((await client.isClosed()) ? 'closed' : 'open')
}

const loginAs = (name: string, options: Partial<DigestClientOptions>, change?: Change): RawCase => ({
  name,
  async run(client, see) {
    await exchange(client, see, options, change)
    await whoAmI(client, see)
    await end(client, see)
  }
})

const changed = (name: string, change: Change): RawCase => loginAs(`a response with ${name}`, {}, change)

const firstToken = (name: string, bytes: Uint8Array | null): RawCase => ({
  name: `first token: ${name}`,
  async run(client, see) {
    await token(client, see, 1, bytes)
    await whoAmI(client, see)
    await end(client, see)
  }
})

async function setConfig(client: RawClient, see: (text: string) => void): Promise<void> {
  const { header } = await client.request(OpCode.setData, 5, (writer) => {
    writer.writeString('/zookeeper/config')
    writer.writeBuffer(utf8('x'))
    writer.writeInt(-1)
  })
  see(`setData: ${header}`)
}

export const RAW_CASES: readonly RawCase[] = [
  loginAs('bob logs in', {}),
  loginAs('bob logs in as himself', { authorizationId: 'bob' }),
  loginAs('bob asks to act as super', { authorizationId: 'super' }),
  loginAs('a wrong password', { password: 'wrong' }),
  loginAs('an unknown user', { username: 'eve' }),
  loginAs('an unknown user with an empty password', { username: 'eve', password: '' }),
  loginAs('an empty password', { username: 'empty', password: '' }),
  loginAs('letters of ISO 8859-1', { username: 'jürgen', password: 'pässwort' }),
  loginAs('letters beyond it', { username: 'Юра', password: '密码' }),
  loginAs('a name with a realm', { username: 'bob@EXAMPLE.COM', password: 'realmsecret' }),
  loginAs('another service', { protocol: 'zookeeper-quorum' }),
  loginAs('another host', { serverName: 'elsewhere' }),
  loginAs('service and host in capitals', { protocol: 'ZooKeeper', serverName: 'ZK-SASL-MD5' }),
  changed('no charset', (r) => r.replace('charset=utf-8,', '')),
  changed('a charset in quotes', (r) => r.replace('charset=utf-8', 'charset="utf-8"')),
  changed('another charset', (r) => r.replace('charset=utf-8', 'charset=koi8-r')),
  changed('no realm', (r) => r.replace('realm="zk-sasl-md5",', '')),
  changed('another realm', (r) => r.replace('realm="zk-sasl-md5"', 'realm="other"')),
  changed('no user', (r) => r.replace('username="bob",', '')),
  changed('no nonce', (r) => r.replace(/,nonce="[^"]*"/, '')),
  changed('another nonce', (r) => r.replace(/,nonce="[^"]*"/, ',nonce="abc"')),
  changed('no cnonce', (r) => r.replace(/,cnonce="[^"]*"/, '')),
  changed('no nc', (r) => r.replace('nc=00000001,', '')),
  changed('nc 2', (r) => r.replace('nc=00000001', 'nc=00000002')),
  changed('nc that is no number', (r) => r.replace('nc=00000001', 'nc=x')),
  changed('nc 1', (r) => r.replace('nc=00000001', 'nc=1')),
  changed('nc in quotes', (r) => r.replace('nc=00000001', 'nc="00000001"')),
  changed('no digest-uri', (r) => r.replace(/digest-uri="[^"]*",/, '')),
  changed('no response', (r) => r.replace(/response=\w+,/, '')),
  changed('an empty response', (r) => r.replace(/response=\w+,/, 'response="",')),
  changed('a response in capitals', (r) =>
    r.replace(/response=\w+/, (text) => `response=${text.slice(9).toUpperCase()}`)
  ),
  changed('a response in quotes', (r) => r.replace(/response=(\w+)/, 'response="$1"')),
  changed('no qop', (r) => r.replace(',qop=auth', '')),
  changed('qop in quotes', (r) => r.replace('qop=auth', 'qop="auth"')),
  changed('qop auth-int', (r) => r.replace('qop=auth', 'qop=auth-int')),
  changed('qop unknown', (r) => r.replace('qop=auth', 'qop=x')),
  changed('qop twice', (r) => `${r},qop=auth`),
  changed('an unknown directive', (r) => `${r},x="y"`),
  changed('spaces', (r) => r.replaceAll(',', ' , ')),
  changed('empty elements', (r) => r.replaceAll(',', ',,')),
  changed('names in capitals', (r) => r.replace('username=', 'USERNAME=')),
  changed('a quote that does not end', (r) => `${r},x="`),
  changed('a name without value', (r) => `${r},x`),
  changed('a name without value in the middle', (r) => r.replace('qop=auth', 'x,qop=auth')),
  changed('a name and a sign without value', (r) => `${r},x=`),
  changed('spaces within a value', (r) => r.replace('qop=auth', 'qop=a uth')),
  changed('text behind a quote', (r) => r.replace('realm="zk-sasl-md5"', 'realm="zk-sasl-md5"x')),
  changed('an escaped quote', (r) => r.replace('realm="zk-sasl-md5"', 'realm="zk\\-sasl-md5"')),
  changed('a sign without name', (r) => `${r},=x`),
  changed('two signs', (r) => r.replace('qop=auth', 'qop==auth')),
  changed('4095 bytes', (r) => r + ' '.repeat(4095 - r.length)),
  changed('4096 bytes', (r) => r + ' '.repeat(4096 - r.length)),
  changed('4097 bytes', (r) => r + ' '.repeat(4097 - r.length)),
  changed('no bytes at all', () => ''),
  changed('no sense', () => 'hello'),
  firstToken('null', null),
  firstToken('some text', utf8('hello')),
  firstToken('a response', utf8('username="bob"')),
  {
    name: 'a packet without a token',
    async run(client, see) {
      see((await client.request(OpCode.sasl, 1, () => undefined)).header)
      await end(client, see)
    }
  },
  {
    name: 'a second exchange',
    async run(client, see) {
      await exchange(client, see)
      await token(client, see, 3, new Uint8Array(0))
      await whoAmI(client, see)
      await end(client, see)
    }
  },
  {
    name: 'a second exchange after one that failed',
    async run(client, see) {
      await exchange(client, see, { password: 'wrong' })
      if (await client.isClosed()) return see('closed')
      await token(client, see, 3, new Uint8Array(0))
      await end(client, see)
    }
  },
  {
    name: 'a request before the exchange',
    async run(client, see) {
      await whoAmI(client, see)
      await end(client, see)
    }
  },
  {
    name: 'a request between the tokens',
    async run(client, see) {
      await token(client, see, 1, new Uint8Array(0))
      await whoAmI(client, see)
      await end(client, see)
    }
  },
  {
    name: 'a digest identity does not do for it',
    async run(client, see) {
      const { header } = await client.request(OpCode.auth, -4, (writer) => {
        writer.writeInt(0)
        writer.writeString('digest')
        writer.writeBuffer(utf8('a:b'))
      })
      see(header)
      await whoAmI(client, see)
      await end(client, see)
    }
  },
  {
    name: 'an auth packet of scheme sasl',
    async run(client, see) {
      const { header } = await client.request(OpCode.auth, -4, (writer) => {
        writer.writeInt(0)
        writer.writeString('sasl')
        writer.writeBuffer(utf8('bob'))
      })
      see(header)
      await end(client, see)
    }
  },
  {
    name: 'root is a super user',
    async run(client, see) {
      await setConfig(client, see)
      if (await client.isClosed()) return see('closed')
      await exchange(client, see, { username: 'root', password: 'rootsecret' })
      await whoAmI(client, see)
      await setConfig(client, see)
    }
  },
  {
    name: 'super has the password of the property, and may do everything to what has a sasl ACL',
    async run(client, see) {
      await exchange(client, see, { username: 'super', password: 'supersecret' })
      await whoAmI(client, see)
      await setConfig(client, see)
    }
  },
  {
    name: 'ids of scheme sasl in ACLs',
    async run(client, see) {
      await exchange(client, see, { username: 'alice', password: 'alicesecret' })
      for (const id of ['bob', 'bob@R', 'zk/host@R', 'zk/host', 'a@b@c', '/x', '@R', '', 'super', 'a b']) {
        const { header } = await client.request(OpCode.create, 4, (writer) => {
          writer.writeString(`/acl-${id === '' ? 'empty' : Buffer.from(id).toString('hex')}`)
          writer.writeBuffer(null)
          writer.writeInt(1)
          writer.writeInt(31)
          writer.writeString('sasl')
          writer.writeString(id)
          writer.writeInt(1)
        })
        see(`${JSON.stringify(id)}: ${header}`)
      }
    }
  }
]
