/** Tells on standard error what is waited for, once that has taken a second and then every five. */
export function slowNotice(text: () => string): { end(): void } {
  const tell = () => console.error(`millrace: ${text()}`)
  let every: NodeJS.Timeout | undefined
  const first = setTimeout(() => {
    tell()
    every = setInterval(tell, 5_000)
  }, 1_000)
  return {
    end() {
      clearTimeout(first)
      clearInterval(every)
    },
  }
}
