// Package config is what a node is told by its user: one file a section, each with its defaults, its structure and its
// rules.
//
// A value comes from the first of these that gives it: a flag (--search.ttl 3), an environment variable
// (ALAKAZAAM_SEARCH_TTL=3), the YAML file, the default. Load reads them all and reports everything that is wrong at
// once, each problem with its place.
//
// A key is described where its field is declared, and nowhere else:
//
//   - the comment says what it means, to users: help, the default file and Keys show it (doc.go reads it);
//   - the tag yaml names the key; range bounds a number, a duration or a size (MIN..MAX); unit says what is counted;
//     form is what a text has to look like (checkText has the forms); zero says what 0 or an empty text means, and
//     allows the latter; reload:"yes" says that it can change while a node runs.
//
// So a new key is a field with its comment and tags, and its default: nothing else has to know of it.
package config

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
)

// Defaults of the keys that belong to no section.
const (
	DefaultListen      = "0.0.0.0:3000"
	DefaultDataDir     = "data"
	DefaultShareDir    = "shared"
	DefaultDownloadDir = "downloads"
)

// Config is a whole configuration. Every value has a default, so that a node runs with no configuration at all.
type Config struct {
	// Where the protocol is served: an IP address, localhost or nothing for all addresses, and a port, 0 for one that
	// the system picks.
	Listen string `yaml:"listen" form:"listen"`
	// What others are told about where this node is.
	Advertise Advertise `yaml:"advertise"`
	// Where the node's database is.
	DataDir string `yaml:"data_dir" form:"directory"`
	// Files in this directory are shared; it is watched for changes.
	ShareDir string `yaml:"share_dir" form:"directory"`
	// Where downloaded files go; may be the same as share_dir.
	DownloadDir string `yaml:"download_dir" form:"directory"`
	// Supernodes that a supernode knows from the start.
	Neighbors []string `yaml:"neighbors" form:"host:port"`
	// Nodes that a peer asks for supernodes.
	Bootstrap []string `yaml:"bootstrap" form:"host:port"`
	// How searches run.
	Search Search `yaml:"search"`
	// How supernodes are found.
	Discovery Discovery `yaml:"discovery"`
	// How logins are kept.
	Session Session `yaml:"session"`
	// Whether and when a peer becomes a supernode.
	Promotion Promotion `yaml:"promotion"`
	// What others may use at most.
	Limits Limits `yaml:"limits"`
	// Who may take part, and with which files.
	Access Access `yaml:"access"`
	// Uploads and downloads.
	Transfer Transfer `yaml:"transfer"`
	// How a supernode keeps its directory.
	Store Store `yaml:"store"`
	// The local interface for the user's commands and for monitoring.
	Admin Admin `yaml:"admin"`
	// What is logged, and how.
	Log Log `yaml:"log"`
	// Faults that the node does to itself, for experiments; 'alakazaam config faults' lists what there is. A node that was
	// started with none, and without admin.faults, takes none while it runs.
	Faults []Fault `yaml:"faults" reload:"yes"`
	// The number that all chance in faults comes from, so that the same one has the same chances again.
	FaultSeed int64 `yaml:"fault_seed" range:"0..9223372036854775807" unit:"seed" zero:"a random one, which is logged" reload:"yes"`
}

// Default is the configuration of a node that was told nothing.
func Default() Config {
	return Config{
		Listen:      DefaultListen,
		DataDir:     DefaultDataDir,
		ShareDir:    DefaultShareDir,
		DownloadDir: DefaultDownloadDir,
		Search:      defaultSearch(),
		Discovery:   defaultDiscovery(),
		Session:     defaultSession(),
		Promotion:   defaultPromotion(),
		Limits:      defaultLimits(),
		Transfer:    defaultTransfer(),
		Store:       defaultStore(),
		Admin:       defaultAdmin(),
		Log:         defaultLog(),
	}
}

// Validate checks a configuration that was built by a program: each value, and then the rules between them. The error
// is an Errors. Load has done the same already.
func (c Config) Validate() (warnings []Problem, err error) {
	l := newLoader()
	l.cfg = c
	for _, f := range schema.fields {
		l.check(f, origin{}, f.get(&c))
	}
	c.validate(l.rules())
	return l.result()
}

// validate applies the rules that no value can be checked against alone, those of each section among them.
func (c *Config) validate(r *rules) {
	r.require(c.Admin.Listen == "" || !overlap(c.Listen, c.Admin.Listen),
		fmt.Sprintf("admin.listen (%s) and listen (%s) are the same port", c.Admin.Listen, c.Listen),
		"admin.listen", "listen")
	r.require(!within(c.DataDir, c.ShareDir),
		fmt.Sprintf("data_dir (%s) is in share_dir (%s): the node's database would be shared", c.DataDir, c.ShareDir),
		"data_dir", "share_dir")
	c.Search.validate(r)
	c.Discovery.validate(r)
	c.Promotion.validate(r, &c.Limits, &c.Session)
	c.Limits.validate(r)
	c.Admin.validate(r)
	c.Access.validate(r)
	validateFaults(r, c.Faults)
	r.advise(len(c.Faults) == 0, fmt.Sprintf("faults is not empty: the node harms itself on purpose, by %s", faultNames(c.Faults)), "faults")
}

// faultNames are the ids of faults.
func faultNames(all []Fault) string {
	var names []string
	for i := range all {
		if all[i].ID != "" {
			names = append(names, all[i].ID)
		}
	}
	return strings.Join(names, ", ")
}

// overlap says whether two listen addresses cannot be had at the same time.
func overlap(a, b string) bool {
	hostA, portA, errA := splitHostPort(a)
	hostB, portB, errB := splitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == 0 {
		return false
	}
	ipA, ipB := listenIP(hostA), listenIP(hostB)
	return ipA == ipB || covers(ipA, ipB) || covers(ipB, ipA)
}

// covers says whether listening on all takes one as well: 0.0.0.0 every IPv4 address, and :: every address.
func covers(all, one netip.Addr) bool { return all.IsUnspecified() && (all.Is6() || one.Is4()) }

// listenIP is the address that a listen host stands for.
func listenIP(host string) netip.Addr {
	switch strings.ToLower(host) {
	case "":
		return netip.IPv6Unspecified()
	case "localhost":
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	ip, _ := netip.ParseAddr(host)
	return ip.Unmap()
}

// within says whether path is dir or below it, as far as their names tell.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
