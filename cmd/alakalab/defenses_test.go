package main

import (
	"cmp"
	"context"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/world"
)

// What some of the experiments have peers do beside searching.
const (
	publishes = "workload=[{kind: find, rate: 3/s}, {kind: publish, rate: 1/s}]"
	leaves    = "churn.peers={session: {dist: exponential, mean: 60s}, absence: 5s, leave: logout}"
)

// TestDefenses: what a fault does is kept off by a defense, and without it the same check fails over the same fault. Wrong clocks and
// the order of mailboxes break nothing: no check has been seen to fail because of them.
func TestDefenses(t *testing.T) {
	const alone = "config.peers={session: {check_every: 0s, standbys: 0}}"
	const one = "topology.peers.parents=1"
	const served = "measure.slo={finds_failed: '<= 0.03'}"
	for _, c := range []struct {
		name, fault string
		check       string
		sets        []string // of both runs
		off         []string // without the defense
		instead     string   // where the node cannot do without it: the same kind of fault, but where there is no defense
	}{
		{name: "peers go over to another supernode: partition", check: "slo", sets: []string{served}, off: []string{alone, one},
			fault: "kind: partition, at: 10s, for: 45s, groups: {a: {supernodes: {names: [supernode-0]}}, b: rest}"},
		{name: "peers go over to another supernode: isolate", check: "slo", sets: []string{served}, off: []string{alone, one},
			fault: "kind: isolate, at: 10s, for: 45s, targets: supernode-0"},
		{name: "peers go over to another supernode: flap", check: "slo", sets: []string{served}, off: []string{alone, one},
			fault: "kind: flap, at: 10s, for: 45s, links: {from: peers, to: supernode-0}, up: 1s, down: 30s"},
		{name: "searches end: hold", check: "slo", sets: []string{"measure.slo={find_p99: '<= 20s'}"},
			off:   []string{"config.supernodes.search.window=60s"},
			fault: "kind: hold, at: 10s, for: 45s, links: {from: supernodes, to: supernode-0}"},
		{name: "peers go over to another supernode: kill", check: "slo", sets: []string{served}, off: []string{alone, one},
			fault: "kind: kill, at: 10s, targets: supernode-0"},
		{name: "peers go over to another supernode: toxic", check: "slo", sets: []string{served}, off: []string{alone, one},
			fault: "kind: toxic, at: 10s, for: 45s, type: timeout, attributes: {timeout: 4s}, links: {from: peers, to: supernode-0}"},
		{name: "searches wait for DONE: network", check: "slo", sets: []string{"measure.slo={recall: '>= 0.99'}"},
			off:   []string{"config.supernodes.discovery.links=false"},
			fault: "kind: network, at: 10s, for: 45s, links: {from: supernodes, to: supernodes}, delay: 1s"},
		{name: "peers go over to another supernode: disk", check: "slo", sets: []string{"measure.slo={login_max: '<= 15s'}", leaves},
			off:   []string{alone, one},
			fault: "kind: disk, at: 10s, for: 45s, targets: supernode-0, terms: sleep(40s)"},
		{name: "only one's own address logs in: byzantine", check: "session-isolation", sets: []string{leaves},
			off:   []string{"config.supernodes.session.verify_address=false"},
			fault: "kind: byzantine, at: 10s, for: 45s, script: forged-login, rate: 2/s, args: {victim: peer-3}"},
		{name: "each Pktid is handled once: actor", check: "ttl-and-dup",
			fault:   "kind: actor, at: 10s, for: 45s, action: duplicate, targets: {supernodes: {mode: all}}, match: {actor: catalog, message: Match}",
			instead: "kind: actor, at: 10s, for: 45s, action: duplicate, targets: {supernodes: {mode: all}}, match: {actor: overlay, message: Flood}"},
		{name: "supervisors: actor", check: "restarts", sets: []string{leaves},
			fault:   "kind: actor, at: 10s, for: 45s, action: panic, targets: {supernodes: {mode: all}}, match: {actor: query, probability: 5%}",
			instead: "kind: actor, at: 10s, for: 45s, action: panic, targets: {peers: {mode: all}}, match: {actor: node}"},
		{name: "searches bear losses, an index does not: actor", check: "index-set", sets: []string{publishes},
			fault:   "kind: actor, at: 10s, for: 45s, action: drop, targets: {supernodes: {mode: all}}, match: {message: Quer, probability: 5%}",
			instead: "kind: actor, at: 10s, for: 45s, action: drop, targets: {supernodes: {mode: all}}, match: {actor: catalog, message: Update}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, defended := range []bool{true, false} {
				sets := slices.Clone(c.sets)
				if c.check != "slo" {
					sets = append(sets, "checks=["+c.check+"]")
				}
				fault := c.fault
				if !defended {
					sets, fault = append(sets, c.off...), cmp.Or(c.instead, fault)
				}
				sets = append(sets, "faults=[{id: it, "+fault+"}]")
				v, hit := verdictOf(t, c.check, sets)
				assert.Positive(t, hit)
				want := record.True
				if !defended {
					want = record.False
				}
				assert.Equal(t, want, v.Verdict, "defended %t: %s %v", defended, v.Why, v.Evidence)
			}
		})
	}
}

// verdictOf runs the experiment of the defenses with other values.
func verdictOf(t *testing.T, check string, sets []string) (v record.Check, hit int) {
	t.Helper()
	file, err := os.Open("testdata/defenses.yaml")
	require.NoError(t, err)
	defer file.Close()
	suite, err := experiment.Load(experiment.Options{Path: "-", Stdin: file, Sets: sets})
	require.NoError(t, err)
	r, err := judged(context.Background(), suite.Runs[0], world.Options{})
	require.NoError(t, err)
	for _, one := range r.Checks {
		if one.Name == check {
			v = one
		}
	}
	return v, r.Faults[0].Hit
}
