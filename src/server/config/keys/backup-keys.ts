import { propertyKey } from '../config-key.ts'
import { interval, javaInteger, text } from '../value-type.ts'

/** Backups that the server makes by itself; what they are, `docs/operations.md` says. */
export const backupKeys = {
  directory: propertyKey<string | null>('should', 'backup.dir', text, null, 'directory of backups', { unit: 'path' }),
  interval: propertyKey('should', 'backup.interval', interval(3_600_000), 0, 'time between backups; 0 = off', {
    unit: 'h'
  }),
  increments: propertyKey(
    'should',
    'backup.increments',
    javaInteger({ min: 0 }),
    23,
    'incremental backups after which a full one is made',
    { unit: 'backups' }
  ),
  retainCount: propertyKey(
    'should',
    'backup.retainCount',
    javaInteger({ min: 1 }),
    3,
    'full backups kept, with the incremental ones that go on from them',
    { unit: 'backups' }
  )
}
