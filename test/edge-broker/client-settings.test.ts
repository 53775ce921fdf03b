import { expect, test } from 'vitest'
import { clientFormats, clientSettings } from '../../edge-broker/client-settings.ts'

const access = {
  bootstrap: ['10.0.0.1:9094', '10.0.0.2:9094'],
  principal: 'client-lab',
  tls: { ca: '/c/ca.pem', cert: '/c/cert.pem', key: '/c/key.pem' },
}

test.each(clientFormats)('%s settings name brokers, group and every file, and no secret', format => {
  const text = clientSettings(format, access)
  for (const broker of access.bootstrap) expect(text).toContain(broker)
  expect(text).toContain('client-lab')
  expect(text).toContain('/c/ca.pem')
  expect(text).not.toContain('PRIVATE KEY')
})

test('what does not read committed records by itself is told to', () => {
  expect(clientSettings('kcat', access)).toContain('isolation.level=read_committed')
  expect(clientSettings('java', access)).toContain('isolation.level=read_committed')
})
