import { describe, expect, test } from '@jest/globals'
import { clientAddressText } from '../../../src/core/acl/ip-address.ts'
import { createIpProvider } from '../../../src/core/acl/ip-provider.ts'

const provider = createIpProvider()

// Both tables are the answers of IPAuthenticationProvider 3.9.5.
describe('ids of the ip scheme', () => {
  test.each([
    ['1.2.3.4', true],
    ['1.2.3', false],
    ['1.2.3.4.5', false],
    ['256.1.1.1', false],
    ['-1.2.3.4', false],
    ['+1.2.3.4', true],
    ['01.2.3.4', true],
    ['1.2.3.4/', false],
    ['1.2.3.4/0', true],
    ['1.2.3.4/32', true],
    ['1.2.3.4/33', false],
    ['1.2.3.4/-1', false],
    ['1.2.3.4/+8', true],
    ['1.2.3.4/8/9', false],
    ['1.2.3.4/x', false],
    ['localhost', false],
    ['a.b.c.d', false],
    ['', false],
    ['/', false],
    ['/8', false],
    ['1', false],
    ['::', true],
    ['::1', true],
    ['::1/128', true],
    ['::1/129', false],
    ['1::', true],
    ['::ffff:1.2.3.4', false],
    ['::ffff:102:304', true],
    ['1:2:3:4:5:6:7:8', true],
    ['1:2:3:4:5:6:7', false],
    ['1:2:3:4:5:6:7:8:9', false],
    ['1::2::3', false],
    [':1', false],
    [':::', false],
    ['1:2:3:4:5:6:7::', true],
    ['::2:3:4:5:6:7:8', true],
    ['1::2:3:4:5:6:7:8', false],
    ['fe80::1%eth0', false],
    ['12345::', false],
    ['g::', false],
    ['+1::', true],
    ['-1::', true],
    ['1.2.3.', false],
    ['1..2.3', false],
    ['::/0', true],
    ['FE80::A/64', true],
    [' 1.2.3.4', false],
    ['1.2.3.4 ', false],
    ['1:2:3:4:5:6:7:', false],
    ['0:0:0:0:0:0:0:1', true],
    ['1.2.3.4/08', true]
  ])('%j is valid: %s', (id, expected) => {
    expect(provider.isValid(id)).toBe(expected)
  })

  test.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['10.1.2.3', '10.1.2.2/31', true],
    ['10.1.2.3', '10.1.2.1/31', false],
    ['10.1.2.3', '0.0.0.0/0', true],
    ['10.1.2.3', '::/0', false],
    ['0:0:0:0:0:0:0:1', '::1', true],
    ['0:0:0:0:0:0:0:1', '::/127', true],
    ['0:0:0:0:0:0:0:2', '::1/127', false],
    ['fe80:0:0:0:1:2:3:4', 'fe80::/10', true],
    ['febf:0:0:0:1:2:3:4', 'fe80::/10', true],
    ['fec0:0:0:0:1:2:3:4', 'fe80::/10', false],
    ['10.1.2.3', '10.1.2.3/33', false],
    ['10.1.2.3', 'nonsense', false],
    ['10.1.2.3', '10.1.0.0/15', true],
    ['10.0.2.3', '10.1.0.0/15', true],
    ['10.2.2.3', '10.1.0.0/15', false]
  ])('a client at %s is meant by %s: %s', (address, aclId, expected) => {
    expect(provider.matches(address, aclId)).toBe(expected)
  })
})

describe('the address of a socket', () => {
  test.each([
    { socket: '127.0.0.1', shown: '127.0.0.1' },
    { socket: '::ffff:127.0.0.1', shown: '127.0.0.1' },
    { socket: '::FFFF:10.0.0.7', shown: '10.0.0.7' },
    { socket: '::1', shown: '0:0:0:0:0:0:0:1' },
    { socket: '2001:db8::a:0:1', shown: '2001:db8:0:0:0:a:0:1' },
    { socket: 'fe80::1%eth0', shown: 'fe80:0:0:0:0:0:0:1' }
  ])('$socket is shown as Java does: $shown', ({ socket, shown }) => {
    expect(clientAddressText(socket)).toBe(shown)
  })
})
