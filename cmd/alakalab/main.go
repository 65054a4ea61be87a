// Command alakalab is the laboratory: it runs experiments on the node's own code, with faults, and judges them.
//
// Each command has a file of its own. Package experiment is the file that describes an experiment, and package record what a
// run of it leaves.
//
// Exit codes: 0 valid, 1 invalid, 2 unknown, 64 wrong usage, 65 a wrong experiment, 70 failed, 130
// interrupted.
package main

import "os"

func main() {
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	os.Exit(a.run(os.Args[1:]))
}
