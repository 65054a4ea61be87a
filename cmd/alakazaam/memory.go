package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// spareMemory is how much garbage may gather before it is collected. The runtime lets as much gather as is in use,
	// which with a million files is more than the garbage of a minute.
	spareMemory = 64 << 20
	leastSpare  = 20  // percent of what is in use
	mostSpare   = 100 // percent; the runtime's own rule

	memoryEvery = time.Second

	// The system gets back what is free when there is so much of it: once no garbage had to be collected for quietFor looks,
	// and every busyFor looks where some had.
	returnFrom = 16 << 20
	quietFor   = 5
	busyFor    = 60
)

// keepLean bounds the garbage that gathers in a large node, and gives memory back, above all what a mass logout has freed,
// until ctx ends. Whoever has set GOGC has decided otherwise.
func keepLean(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	again := time.NewTicker(memoryEvery)
	defer again.Stop()
	read := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/free:bytes"}, {Name: "/gc/cycles/total:gc-cycles"},
	}
	var l lean
	for {
		metrics.Read(read)
		percent, giveBack := l.look(read[0].Value.Uint64(), read[1].Value.Uint64(), read[2].Value.Uint64())
		debug.SetGCPercent(percent)
		if giveBack {
			debug.FreeOSMemory()
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// lean is what keepLean goes by. It is pure.
type lean struct {
	cycles      uint64 // of the garbage collector
	quiet, busy int    // looks since the last of them, and since memory was given back
}

// look says how much garbage may gather, and whether free memory is given back. That is a cycle, too.
func (l *lean) look(live, free, cycles uint64) (percent int, giveBack bool) {
	l.busy++
	if l.quiet++; cycles != l.cycles {
		l.cycles, l.quiet = cycles, 0
	}
	if free > returnFrom && (l.quiet == quietFor || l.busy >= busyFor) {
		giveBack = true
		l.cycles++
		l.busy = 0
	}
	return spareFor(live), giveBack
}

// spareFor is the percentage for GOGC at which spareMemory gathers beside what is in use.
func spareFor(live uint64) int {
	return int(min(mostSpare, max(leastSpare, spareMemory*100/max(live, 1))))
}
