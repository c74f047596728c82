import { zoneName } from './zone-name.ts'

/**
 * A time as Java's `Date.toString` shows it: `Thu Jan 01 00:00:00 UTC 1970`.
 *
 * @param timeMs milliseconds since 1970
 * @param zone name of a time zone, such as `Europe/Berlin`
 */
export function formatJavaDate(timeMs: number, zone: string): string {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    year: 'numeric'
  })
  const parts = new Map(format.formatToParts(timeMs).map(({ type, value }) => [type, value]))
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? ''
  const time = `${part('hour')}:${part('minute')}:${part('second')}`
  return `${part('weekday')} ${part('month')} ${part('day')} ${time} ${zoneName(timeMs, zone)} ${part('year')}`
}
