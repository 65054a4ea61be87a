package config

import (
	"fmt"
	"slices"
	"strings"
)

// FaultKind is something that a fault can do.
type FaultKind struct {
	Kind  string   `json:"kind"`            // actor or toxic
	Name  string   `json:"name"`            // the value of action, or of type
	Doc   string   `json:"doc"`             // what happens, and what whoever waits hears of it
	Needs []string `json:"needs,omitempty"` // keys without which it makes no sense
	Takes []string `json:"takes,omitempty"` // keys that it can do without
}

// FaultKinds are all that faults can do.
func FaultKinds() []FaultKind { return slices.Clone(faultKinds) }

var faultKinds = []FaultKind{
	{FaultActor, "panic", "The actor panics over the message, as over a mistake of its own: its supervisor restarts or stops it, " +
		"and whoever waits for an answer is told that it failed.", nil, nil},
	{FaultActor, "stop", "The actor is stopped, with the message and all that waits in its mailbox; its parent hears of it, nobody else.", nil, nil},
	{FaultActor, "drop", "The message is lost and nobody is told: whoever waits goes on by a limit of its own, or waits for ever.", nil, nil},
	{FaultActor, "duplicate", "The actor gets the message again, behind what is in its mailbox; whoever asked is answered as often.",
		nil, []string{"copies"}},
	{FaultActor, "delay", "The actor gets the message later, behind others that came after it. It is lost where the actor ends before.",
		[]string{"delay"}, nil},
	{FaultActor, "reorder", "The actor gets the message after the next one, and where none comes after the delay.", nil, []string{"delay"}},
	{FaultActor, "flood", "The actor's mailbox is filled with copies of the message.", nil, []string{"copies"}},
	{FaultActor, "slow", "The actor takes the delay over the message, and what comes meanwhile waits behind it in its order.",
		[]string{"delay"}, nil},

	{FaultToxic, "latency", "Everything arrives later; a file as a whole.", []string{"attributes.latency"}, []string{"attributes.jitter"}},
	{FaultToxic, "bandwidth", "No more than the rate gets through; a file arrives as a whole when its bytes would have.",
		[]string{"attributes.rate"}, nil},
	{FaultToxic, "slow_close", "The end of the connection arrives later.", []string{"attributes.delay"}, nil},
	{FaultToxic, "timeout", "Nothing gets through, and after the timeout the connection ends; without one it stays, a black hole.",
		nil, []string{"attributes.timeout"}},
	{FaultToxic, "slicer", "What is sent arrives in small pieces; not files.", []string{"attributes.average_size"},
		[]string{"attributes.size_variation", "attributes.delay"}},
	{FaultToxic, "limit_data", "After so many bytes the connection ends.", []string{"attributes.bytes"}, nil},
	{FaultToxic, "reset_peer", "The connection is reset after the timeout.", nil, []string{"attributes.timeout"}},
	{FaultToxic, "truncate", "After so many bytes nothing more gets through, and the connection stays; of a file that does not fit, nothing.",
		[]string{"attributes.bytes"}, nil},
	{FaultToxic, "bit_flip", "One bit in so many bytes is wrong; not in files.", []string{"attributes.bytes"}, nil},
	{FaultToxic, "refuse", "Nobody can connect: dials are refused, and what comes in is reset.", nil, nil},
	{FaultToxic, "slow_connect", "It takes longer until a connection is there, or it comes too late.", []string{"attributes.delay"}, nil},
	{FaultToxic, "half_open", "After the timeout the other side is as good as gone: nothing gets through, the end of the connection neither.",
		nil, []string{"attributes.timeout"}},
}

// faultsOf are the names of what faults of a kind can do.
func faultsOf(kind string) (names []string) {
	for _, k := range faultKinds {
		if k.Kind == kind {
			names = append(names, k.Name)
		}
	}
	return names
}

// wholeConn are the types that have no direction.
var wholeConn = []string{"reset_peer", "refuse", "slow_connect", "half_open"}

// actorKeys and toxicKeys are the keys of one kind only, beside those that an action or a type takes.
var (
	actorKeys = []string{"action", "delay", "copies", "match.actor", "match.message", "match.probability", "match.nth", "match.every_nth"}
	toxicKeys = []string{"type", "stream", "toxicity", "addresses", "ports"}
)

// ActorKinds are the kinds of actors that a fault can name.
func ActorKinds() []string { return slices.Clone(actorKinds) }

var actorKinds = []string{
	"node", "gateway", "connection", "store", "sessions", "session", "catalog", "overlay", "neighbor", "queries", "query",
	"transfers", "download", "share", "peer", "role", "watcher",
}

// Messages are the names that a fault can give to messages: those by which actors speak to one another, and those that
// come from what is outside of them.
func Messages() []string { return append(strings.Fields(actorMessages), portMessages()...) }

const actorMessages = `Abandoned Answered Aque Ask Asup Became Become Branch CancelDownload CancelFetch CancelFind Carry CatalogStatus CloseLink
Commit Committed Digesting Done Download DownloadState Drain Drained Fetch FetchProgress Fetched FilterCut FilterDelta FilterPart Find
Flood Flooded Found GatewayStatus Handled Inspect LinkAnswered LinkAsked LinkLost Linked ListShares Load LoggedIn LoggedOut Login Logout
Match Matched NodeStatus Open OpenLink Opened OverlayStatus PeerStatus Ping Pong Publish PublishOne Published Quer QueriesStatus Ready
Reloaded Retrieve RetrieveGone RoleStatus Send Sent Serve SessionsStatus ShareEdit ShareEditDone ShareStatus ShareUpdate Shares Shutdown
Starting StoreStatus Subscribe Supe TransfersStatus Unanswered Undigested Undigesting Unmatch Unreachable Update UploadEnded Visited`

// portMessages come from sockets, disks and the store.
func portMessages() []string {
	return strings.Fields(`Accepted Applied Bytes Closed Dialed Ended FileProgress FileReceived FileSent Kept Loaded Recalled
ShareChanged ShareEdited ShareProgress`)
}

// validate applies the rules between the keys of a fault at a path. seen has the ids of those before it.
func (f *Fault) validate(r *rules, path string, seen map[string]bool) {
	at := func(key string) string { return path + "." + key }
	if f.ID != "" {
		r.require(!seen[f.ID], fmt.Sprintf("%s is %s, which another fault has already", at("id"), quote(f.ID)), at("id"))
		seen[f.ID] = true
	}
	r.require(f.ID != "", path+" has no id", path, at("id"))
	r.require(f.Kind != "", path+" has no kind: it is actor or toxic", path, at("kind"))
	word, foreign := "action", toxicKeys
	if f.Kind == FaultToxic {
		word, foreign = "type", actorKeys
	}
	what := f.Strikes()
	if f.ID == "" || f.Kind == "" || r.l.broken[at("kind")] || r.l.broken[at(word)] {
		return
	}
	k := slices.IndexFunc(faultKinds, func(k FaultKind) bool { return k.Kind == f.Kind && k.Name == what })
	r.require(k >= 0, fmt.Sprintf("%s has no %s", path, word), path)
	if k < 0 {
		return
	}
	f.validateKeys(r, path, faultKinds[k], foreign)
	f.validateValues(r, at)
}

// validateKeys has a fault bring the keys that it needs, and none that mean nothing to it.
func (f *Fault) validateKeys(r *rules, path string, k FaultKind, foreign []string) {
	fresh := NewFault()
	for _, g := range newTree(path, faultType).fields {
		key := strings.TrimPrefix(g.path, path+".")
		set := g.format(g.get(f)) != g.format(g.get(&fresh))
		its := slices.Contains(k.Needs, key) || slices.Contains(k.Takes, key)
		switch {
		case slices.Contains(k.Needs, key):
			r.require(set, fmt.Sprintf("%s has no %s, which %s needs", path, key, k.Name), path, g.path)
		case !its && (slices.Contains(foreign, key) || strings.HasPrefix(key, "attributes.") || key == "delay" || key == "copies"):
			r.require(!set, fmt.Sprintf("%s means nothing to %s", g.path, k.Name), g.path)
		}
	}
}

func (f *Fault) validateValues(r *rules, at func(string) string) {
	a, m := f.Attributes, f.Match
	r.require(f.Every == 0 || f.For == 0 || f.Every < f.For, fmt.Sprintf("%s (%s) is not shorter than %s (%s)",
		at("every"), formatDuration(f.Every), at("for"), formatDuration(f.For)), at("every"), at("for"))
	r.require(m.Nth == 0 || m.EveryNth == 0, fmt.Sprintf("%s and %s are both there: one has to go", at("match.nth"), at("match.every_nth")),
		at("match.nth"), at("match.every_nth"))
	r.require(f.Kind != FaultActor || !slices.Contains(portMessages(), m.Message) || slices.Contains([]string{"panic", "stop", "slow"}, f.Action),
		fmt.Sprintf("%s cannot be done to %s, which comes from outside and has to be taken: a fault of kind toxic is for connections", f.Action, m.Message),
		at("match.message"))
	r.require(a.SizeVariation < max(a.AverageSize, 1), fmt.Sprintf("%s (%v) is not smaller than %s (%v)",
		at("attributes.size_variation"), a.SizeVariation, at("attributes.average_size"), a.AverageSize),
		at("attributes.size_variation"), at("attributes.average_size"))
	r.require(a.Jitter <= a.Latency, fmt.Sprintf("%s (%s) is more than %s (%s)", at("attributes.jitter"), formatDuration(a.Jitter),
		at("attributes.latency"), formatDuration(a.Latency)), at("attributes.jitter"), at("attributes.latency"))
	r.require(f.Stream == StreamBoth || !slices.Contains(wholeConn, f.Type), fmt.Sprintf("%s means nothing to %s: it is for whole connections",
		at("stream"), f.Type), at("stream"))
}

func validateFaults(r *rules, all []Fault) {
	seen := make(map[string]bool)
	for i := range all {
		all[i].validate(r, fmt.Sprintf("faults[%d]", i), seen)
	}
}
