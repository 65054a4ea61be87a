package experiment

import "time"

// CheckKind is a check that an experiment can ask for.
type CheckKind struct {
	Name string `json:"name"`
	Doc  string `json:"doc"` // when its verdict is false
	with func() Parameters
	on   []Engine // nil: all
}

// CheckKinds are all checks.
func CheckKinds() []CheckKind { return checkKinds }

var checkKinds = []CheckKind{
	{Name: "flood-law", Doc: "a flood costs another number of messages than 2E - N + 1, or somebody forwards twice or back"},
	{Name: "ttl-and-dup", Doc: "a TTL was not lowered by one, or a node handled one search twice"},
	{Name: "index-set", Doc: "an acknowledged publication is lost or doubled"},
	{Name: "no-phantoms", Doc: "a result was published by nobody", with: func() Parameters { return &Exemption{} }},
	{Name: "no-crosstalk", Doc: "an answer holds what was not asked for"},
	{Name: "session-isolation", Doc: "an operation succeeded under another's session, or a logout left something"},
	{Name: "download-integrity", Doc: "a finished file is not what was asked for, or is outside of the download folder"},
	{Name: "durability", Doc: "what was acknowledged is missing after a crash"},
	{Name: "message-accounting", Doc: "messages are unaccounted for"},
	{Name: "restarts", Doc: "actors restarted otherwise than by the faults that are known"},
	{Name: "recovery", Doc: "a metric is not back within its band in time", with: func() Parameters {
		return &Recovery{Metric: "recall", Within: 30 * time.Second, Band: 0.02}
	}},
	{Name: "bounded", Doc: "something grew beyond its limit, or did not come down again", with: func() Parameters {
		return &Bounded{MailboxP99: 1000}
	}},
	{Name: "reflection", Doc: "a stranger was sent more than the limit", with: func() Parameters {
		return &Reflection{MaxBytesToStranger: 4 << 10}
	}},
	{Name: "quota", Doc: "foul nodes cost honest ones more than the limit", with: func() Parameters {
		return &Quota{MaxSlowdown: 0.5}
	}},
	{Name: "determinism", Doc: "a second run of the seed has another trace", on: onlySim},
	{Name: "agreement", Doc: "sim and net disagree", on: onlyNet},
}

func checkKind(name string) *CheckKind {
	for i := range checkKinds {
		if checkKinds[i].Name == name {
			return &checkKinds[i]
		}
	}
	return nil
}

func checkNames() (names []string) {
	for _, k := range checkKinds {
		names = append(names, k.Name)
	}
	return names
}
