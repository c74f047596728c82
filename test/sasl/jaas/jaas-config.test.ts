import { describe, expect, test } from '@jest/globals'
import { parseJaasConfig } from '../../../src/sasl/jaas/jaas-config.ts'
import { clientLogin, serverLogin } from '../../../src/sasl/jaas/login-section.ts'

const FILE = `
// who may connect
Server {
    org.apache.zookeeper.server.auth.DigestLoginModule required
    user_super="adminsecret"
    user_bob = "bob\\"s \\\\ secret"  # his own
    user_plain=word;
};
/* and who
   connects */
Client {
  org.apache.zookeeper.server.auth.DigestLoginModule REQUIRED username="bob" password="it's";
};
QuorumServer {
  com.sun.security.auth.module.Krb5LoginModule required
  useKeyTab=true keyTab="\${conf}\${/}zk.keytab" storeKey=true useTicketCache=false
  principal="zookeeper/zk1.example.com@EXAMPLE.COM";
};
`
const config = parseJaasConfig(FILE, new Map([['conf', '/etc/zk']]))

test('sections are found by name, with their modules', () => {
  expect([...config.keys()]).toEqual(['Server', 'Client', 'QuorumServer'])
  expect(config.get('Client')).toEqual([
    {
      className: 'org.apache.zookeeper.server.auth.DigestLoginModule',
      flag: 'required',
      options: new Map([
        ['username', 'bob'],
        ['password', "it's"]
      ]),
      line: 12
    }
  ])
})

test('the users of a server are the options that begin with user_', () => {
  expect(serverLogin(config, 'Server')).toEqual({
    users: new Map([
      ['super', 'adminsecret'],
      ['bob', 'bob"s \\ secret'],
      ['plain', 'word']
    ]),
    kerberos: null
  })
})

test('a client logs in by name and password', () => {
  expect(clientLogin(config, 'Client')).toEqual({
    kind: 'password',
    username: 'bob',
    password: "it's",
    mechanism: null
  })
})

test('a Kerberos module has its options, with properties put in', () => {
  expect(serverLogin(config, 'QuorumServer')?.kerberos).toEqual({
    principal: 'zookeeper/zk1.example.com@EXAMPLE.COM',
    useKeyTab: true,
    keyTab: '/etc/zk/zk.keytab',
    useTicketCache: false,
    ticketCache: null,
    line: 15
  })
})

test('a section that is not there is null', () => {
  expect(serverLogin(config, 'Missing')).toBeNull()
  expect(clientLogin(config, 'Missing')).toBeNull()
})

describe('one line says what is wrong', () => {
  test.each([
    {
      text: 'Server {\n  x required user_a="b"\n};',
      problem: 'line 3: "}" stands where the name of an option must be'
    },
    { text: 'Server {\n  x required user_a="b";\n}', problem: 'line 3: ";" is missing' },
    {
      text: 'Server {\n  x required user_a="b";',
      problem: 'line 2: the file ends where the class of a login module must be'
    },
    {
      text: 'Server {\n  x needed user_a="b";\n};',
      problem: 'line 2: "needed" must be required, requisite, sufficient or optional'
    },
    { text: 'Server {\n  x required\n  user_a;\n};', problem: 'line 3: the option user_a has no value' },
    { text: 'Server {\n  x required user_a="b;\n};', problem: 'line 2: a quote does not end on its line' },
    { text: 'Server {};', problem: 'line 1: the section Server has no login module' },
    { text: '\nServer', problem: 'line 2: "{" is missing' },
    { text: 'A { x required; };\nA { x required; };', problem: 'line 2: the section A is there twice' },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the file's own
    { text: 'A { x required a="${b}"; };', problem: 'line 1: there is no property b' },
    { text: '/* A', problem: 'line 1: a comment does not end' }
  ])('$problem', ({ text, problem }) => {
    expect(() => parseJaasConfig(text)).toThrow(expect.objectContaining({ message: problem }))
  })

  test('of a section', () => {
    const empty = parseJaasConfig('Server {\n x required;\n};\nClient { x required username="a"; };')

    expect(() => serverLogin(empty, 'Server')).toThrow(
      'line 2: the section Server names no user (user_NAME="password")'
    )
    expect(() => clientLogin(empty, 'Client')).toThrow('line 4: the section Client has no password')
  })
})
