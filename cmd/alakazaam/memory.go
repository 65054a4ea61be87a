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

	// returnFrom is how much free memory the system gets back, returnEvery how often at most.
	returnFrom  = 64 << 20
	returnEvery = time.Minute
)

// keepLean bounds the garbage that gathers in a large node, and gives memory back that a mass logout has freed, until ctx
// ends. Whoever has set GOGC has decided otherwise.
func keepLean(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	again := time.NewTicker(memoryEvery)
	defer again.Stop()
	read := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	percent, returned := mostSpare, time.Now()
	for {
		metrics.Read(read)
		if p := spareFor(read[0].Value.Uint64()); p != percent {
			percent = p
			debug.SetGCPercent(p)
		}
		if free := read[1].Value.Uint64(); free > returnFrom && free > read[0].Value.Uint64()/2 && time.Since(returned) > returnEvery {
			debug.FreeOSMemory()
			returned = time.Now()
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// spareFor is the percentage for GOGC at which spareMemory gathers beside what is in use.
func spareFor(live uint64) int {
	return int(min(mostSpare, max(leastSpare, spareMemory*100/max(live, 1))))
}
