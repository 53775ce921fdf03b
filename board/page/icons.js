// @ts-check
import { svg } from './dom.js'

/**
 * Shapes differ as much as colours do, so that severity never hangs on colour alone: an octagon is an alarm, a triangle
 * a warning, a broken link lost communication.
 */
const shapes = {
  alarm: [
    { d: 'M7.5 2h9L22 7.5v9L16.5 22h-9L2 16.5v-9z', class: 'icon-fill' },
    { d: 'M12 7v6M12 16.5v.5', class: 'icon-mark' },
  ],
  warning: [
    { d: 'M12 2.5 22.5 21h-21z', class: 'icon-fill' },
    { d: 'M12 9.5V15M12 18v.3', class: 'icon-mark' },
  ],
  communication: [
    {
      d: 'M9 15 6.5 17.5a3.5 3.5 0 0 1-5-5L5 9M15 9l2.500-2.500a3.500 3.500 0 0 1 5 5L19 15M9 5V2.500M5.500 5.500 4 4M15 19v2.500M18.500 18.500 20 20',
      class: 'icon-line',
    },
  ],
  normal: [{ d: 'M4.500 12.500 9.500 17.500 19.500 7', class: 'icon-line' }],
  waiting: [{ d: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7.500V12l3 2.500', class: 'icon-line' }],
  close: [{ d: 'M5 5 19 19M19 5 5 19', class: 'icon-line' }],
}

/** @typedef {keyof typeof shapes} IconName */

/** @param {IconName} name */
export function icon(name) {
  const paths = shapes[name].map(shape => svg('path', shape))
  return svg('svg', { viewBox: '0 0 24 24', class: `icon icon-${name}`, 'aria-hidden': 'true' }, ...paths)
}
