// Command interop runs go-zookeeper against one server. Argument: host:port.
package main

import "os"

func main() {
	cases := newCases()
	(&clientCases{server: os.Args[1], cases: cases}).add()
	cases.end()
}
