package config

import (
	"fmt"
	"time"
)

// Defaults of the limits.
const (
	DefaultConnections                    = 20000
	DefaultConnectionsPerAddress          = 64
	DefaultPacketsPerSecond               = 5000
	DefaultBytesPerSecond            Rate = 4 << 20
	DefaultSessionPacketsPerSecond        = 5000
	DefaultSessionBytesPerSecond     Rate = 4 << 20
	DefaultBurst                          = time.Second
	DefaultOffenses                       = 20
	DefaultBan                            = 10 * time.Second
	DefaultBanMax                         = time.Hour
	DefaultAddresses                      = 65536
	DefaultSessions                       = 5000
	DefaultFilesPerSession                = 50000
	DefaultPendingQueries                 = 2000
	DefaultSearchesPerSession             = 16
	DefaultQueriesPerAddress              = 250
	DefaultAnswersPerQuery                = 10000
	DefaultSessionsPerAddress             = 64
	DefaultNamesPerSearch                 = 100_000
	DefaultPktids                         = 262144
	DefaultRequestsPerConnection          = 64
	DefaultPublicationsPerConnection      = 2048
	DefaultPacketsPerNeighbor             = 256
	DefaultLinkQueue                 Size = 256 << 10
	DefaultDials                          = 1000
	DefaultDialsPerAddress                = 4
	DefaultDialsQueued                    = 20000
	DefaultDialTimeout                    = 5 * time.Second
	DefaultIdleTimeout                    = time.Minute
	DefaultFirstPacket                    = 5 * time.Second
	DefaultWriteQueue                Size = 1 << 20
	DefaultWriteQueues               Size = 256 << 20
	DefaultWriteTimeout                   = 30 * time.Second
	DefaultKnownSupernodes                = 256
	DefaultKnownPerSubnet                 = 16
)

// Limits bound what others may use. 0 means no limit of what is counted. An address is an IPv4 address or an IPv6
// network of 64 bits, which is what one host gets.
type Limits struct {
	// Incoming connections at once, in all.
	Connections int `yaml:"connections" unit:"connections" zero:"no limit"`
	// Incoming connections at once, from one address.
	ConnectionsPerAddress int `yaml:"connections_per_address" unit:"connections" zero:"no limit" reload:"yes"`
	// Packets a second from one address; past it its connections are read more slowly. Opening a connection counts as
	// a packet.
	PacketsPerSecond int `yaml:"packets_per_second" unit:"packets/s" zero:"no limit" reload:"yes"`
	// Bytes a second from one address, files excepted; past it its connections are read more slowly.
	BytesPerSecond Rate `yaml:"bytes_per_second" unit:"bytes/s" zero:"no limit" reload:"yes"`
	// Packets a second under one login, whatever the connections; past it they are read more slowly.
	SessionPacketsPerSecond int `yaml:"session_packets_per_second" unit:"packets/s" zero:"no limit" reload:"yes"`
	// Bytes a second under one login, whatever the connections; past it they are read more slowly.
	SessionBytesPerSecond Rate `yaml:"session_bytes_per_second" unit:"bytes/s" zero:"no limit" reload:"yes"`
	// How much may come at once, as a time at these rates, from whoever has sent less before.
	Burst time.Duration `yaml:"burst" range:"0s..1h" reload:"yes"`
	// Offenses within a minute that ban an address. An offense is a stream that makes no sense, a connection that was
	// too slow, or a login for somebody else's address.
	Offenses int `yaml:"offenses" unit:"offenses" zero:"no bans" reload:"yes"`
	// How long the first ban of an address lasts; each further one lasts twice as long. This machine's loopback
	// addresses are never banned.
	Ban time.Duration `yaml:"ban" range:"1s..24h" reload:"yes"`
	// How long a ban lasts at most, and how long an address has to behave after one for the next to be a first one.
	BanMax time.Duration `yaml:"ban_max" range:"1s..8760h" reload:"yes"`
	// Addresses, and logins, of which is remembered what they have sent; the one that sent least recently is forgotten first.
	Addresses int `yaml:"addresses" range:"1..16777216" unit:"addresses"`
	// Logins at once.
	Sessions int `yaml:"sessions" unit:"logins" zero:"no limit" reload:"yes"`
	// Files that one login may publish.
	FilesPerSession int `yaml:"files_per_session" unit:"files" zero:"no limit" reload:"yes"`
	// Logins at once, from one address; this machine's loopback addresses have as many as they like.
	SessionsPerAddress int `yaml:"sessions_per_address" unit:"logins" zero:"no limit" reload:"yes"`
	// Searches of one login under way at once; eight times as many more wait for their turn.
	SearchesPerSession int `yaml:"searches_per_session" unit:"searches" zero:"no limit" reload:"yes"`
	// Searches of others under way at once that came from one address.
	QueriesPerAddress int `yaml:"queries_per_address" unit:"searches" zero:"no limit" reload:"yes"`
	// Answers from further on that are passed on for one search of others.
	AnswersPerQuery int `yaml:"answers_per_query" unit:"answers" zero:"no limit" reload:"yes"`
	// Searches under way at once; those of others take up half of it at most.
	PendingQueries int `yaml:"pending_queries" unit:"searches" zero:"no limit" reload:"yes"`
	// Names in the catalog that one search looks at, where many may match and few do; past it what has been found is the
	// answer, and says that there may be more.
	NamesPerSearch int `yaml:"names_per_search" unit:"names" zero:"no limit" reload:"yes"`
	// Pktids that are remembered for ten minutes, so that each search is handled once; past it the oldest is forgotten.
	Pktids int `yaml:"pktids" range:"1000..16777216" unit:"Pktids"`
	// Requests of one connection that may be open at once; past it the connection is not read.
	RequestsPerConnection int `yaml:"requests_per_connection" range:"1..65536" unit:"requests" reload:"yes"`
	// Publications of one connection that may be open at once; past it the connection is not read.
	PublicationsPerConnection int `yaml:"publications_per_connection" range:"1..1048576" unit:"publications" reload:"yes"`
	// Packets that wait for one neighbor; past it they are dropped.
	PacketsPerNeighbor int `yaml:"packets_per_neighbor" range:"1..65536" unit:"packets" reload:"yes"`
	// Bytes that may wait on a link for the other side to read them; past it searches and answers are not sent there, and
	// such a search says that it is not complete.
	LinkQueue Size `yaml:"link_queue" range:"4KiB..1GiB" reload:"yes"`
	// Outgoing connections being opened at once, in all.
	Dials int `yaml:"dials" unit:"connections" zero:"no limit" reload:"yes"`
	// Outgoing connections being opened at once, towards one address.
	DialsPerAddress int `yaml:"dials_per_address" unit:"connections" zero:"no limit" reload:"yes"`
	// Outgoing connections that wait for their turn, in all.
	DialsQueued int `yaml:"dials_queued" unit:"connections" zero:"no limit" reload:"yes"`
	// An outgoing connection that is not open after this long has failed.
	DialTimeout time.Duration `yaml:"dial_timeout" range:"1ms..10m" reload:"yes"`
	// A connection on which nothing has moved for this long is closed.
	IdleTimeout time.Duration `yaml:"idle_timeout" range:"1ms..24h" reload:"yes"`
	// An incoming connection that has not sent a whole packet after this long is closed.
	FirstPacket time.Duration `yaml:"first_packet" range:"1ms..10m" reload:"yes"`
	// Bytes that may wait for the other side of a connection to read them; past it the connection is closed.
	WriteQueue Size `yaml:"write_queue" range:"64KiB..1GiB"`
	// Bytes that may wait on all connections together; past it those are closed on which more than 64KiB wait.
	WriteQueues Size `yaml:"write_queues" range:"1MiB..1TiB"`
	// A connection whose other side has read nothing for this long, while something waits for it, is closed.
	WriteTimeout time.Duration `yaml:"write_timeout" range:"100ms..1h"`
	// Supernodes that are remembered, also for the next start; past it the worst one is forgotten, or the new one.
	KnownSupernodes int `yaml:"known_supernodes" range:"1..1024" unit:"supernodes"`
	// Supernodes of one network that are remembered: of 24 bits of IPv4, or 64 of IPv6.
	KnownPerSubnet int `yaml:"known_per_subnet" range:"1..1024" unit:"supernodes"`
}

func defaultLimits() Limits {
	return Limits{
		Connections:               DefaultConnections,
		ConnectionsPerAddress:     DefaultConnectionsPerAddress,
		PacketsPerSecond:          DefaultPacketsPerSecond,
		BytesPerSecond:            DefaultBytesPerSecond,
		SessionPacketsPerSecond:   DefaultSessionPacketsPerSecond,
		SessionBytesPerSecond:     DefaultSessionBytesPerSecond,
		Burst:                     DefaultBurst,
		Offenses:                  DefaultOffenses,
		Ban:                       DefaultBan,
		BanMax:                    DefaultBanMax,
		Addresses:                 DefaultAddresses,
		Sessions:                  DefaultSessions,
		FilesPerSession:           DefaultFilesPerSession,
		PendingQueries:            DefaultPendingQueries,
		SessionsPerAddress:        DefaultSessionsPerAddress,
		SearchesPerSession:        DefaultSearchesPerSession,
		QueriesPerAddress:         DefaultQueriesPerAddress,
		AnswersPerQuery:           DefaultAnswersPerQuery,
		NamesPerSearch:            DefaultNamesPerSearch,
		Pktids:                    DefaultPktids,
		RequestsPerConnection:     DefaultRequestsPerConnection,
		PublicationsPerConnection: DefaultPublicationsPerConnection,
		PacketsPerNeighbor:        DefaultPacketsPerNeighbor,
		LinkQueue:                 DefaultLinkQueue,
		Dials:                     DefaultDials,
		DialsPerAddress:           DefaultDialsPerAddress,
		DialsQueued:               DefaultDialsQueued,
		DialTimeout:               DefaultDialTimeout,
		KnownSupernodes:           DefaultKnownSupernodes,
		KnownPerSubnet:            DefaultKnownPerSubnet,
		IdleTimeout:               DefaultIdleTimeout,
		FirstPacket:               DefaultFirstPacket,
		WriteQueue:                DefaultWriteQueue,
		WriteQueues:               DefaultWriteQueues,
		WriteTimeout:              DefaultWriteTimeout,
	}
}

func (l Limits) validate(r *rules) {
	r.require(l.Ban <= l.BanMax, "limits.ban ("+formatDuration(l.Ban)+") is longer than limits.ban_max ("+
		formatDuration(l.BanMax)+")", "limits.ban", "limits.ban_max")
	r.advise(l.LinkQueue < l.WriteQueue, fmt.Sprintf("limits.link_queue (%v) is no less than limits.write_queue (%v), past which "+
		"links are closed", l.LinkQueue, l.WriteQueue), "limits.link_queue", "limits.write_queue")
}
