package world

import "alakazaam/cmd/alakalab/experiment"

// foul is a node that plays foul.
type foul struct{}

// scripts are what they do, by name.
var scripts = map[string]func(*foul){}

func (fs *faults) byzantine(*fault, *experiment.Byzantine) func() { return nil }
