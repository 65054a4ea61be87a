// Command alakazaam is a node of the network, a supernode or a peer, and the client of the node that runs on the same
// machine.
//
// Each command has a file of its own. compose.go puts a node together, serve.go runs it for a long time, and guest.go for
// as long as one command.
//
// Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.
package main

import (
	"os"
)

func main() {
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ(), host: host}
	os.Exit(a.run(os.Args[1:]))
}
