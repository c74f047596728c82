import { zoneName } from './zone-name.ts'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/**
 * A time as Java's `Date.toString` shows it, in the time zone of this process (`TZ`): `Thu Jan 01 00:00:00 UTC 1970`.
 *
 * @param timeMs milliseconds since 1970
 */
export function formatJavaDate(timeMs: number): string {
  const date = new Date(timeMs)
  const day = `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${twoDigits(date.getDate())}`
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
  return `${day} ${time} ${zoneName(date)} ${date.getFullYear()}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
