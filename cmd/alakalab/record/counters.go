package record

// Counters of a Run. What is said of nodes is said of honest ones.
const (
	// FloodsSeen are the floods (ids of QUER) that were looked at on the network.
	FloodsSeen = "floods_seen"
	// FloodsTwice are QUER by which a node passed an id to one neighbor a second time while it has to remember the id.
	FloodsTwice = "floods_sent_twice"
	// FloodsBack are QUER by which a node passed an id to the neighbor from which it had it first.
	FloodsBack = "floods_sent_back"
	// FloodsTTL are QUER that a node passed on with another TTL than one less than that with which they came.
	FloodsTTL = "floods_ttl_wrong"
	// FloodsFull are the floods that the law of floods is about: a supernode whose strategy is to flood began them, no fault
	// was active, no link between supernodes came or went, and no QUER of theirs was on its last hop. Where latencies differ
	// a TTL of the sender's eccentricity is not enough for that, because what came first may have come a longer way.
	FloodsFull = "floods_full"
	// FloodsFullSent are the QUER of these.
	FloodsFullSent = "floods_full_sent"
	// FloodsFullLaw is what the law says of them: the sum of 2E − N + 1 over the sender's component.
	FloodsFullLaw = "floods_full_law"

	// SessionsForeign are operations that succeeded under a session that was not given to that peer.
	SessionsForeign = "sessions_foreign"
	// Logouts are those that a supernode acknowledged (ALGO).
	Logouts = "logouts"
	// LogoutsLeft are entries that were left in a supernode's index after it had acknowledged their owner's logout.
	LogoutsLeft = "logouts_left"
	// LogoutsMiscounted are ALGO with another count than that of the entries removed.
	LogoutsMiscounted = "logouts_miscounted"

	// FilesWrong are downloads that are ok and of which another file came than was asked for; or see Op.Got.
	FilesWrong = "files_wrong"
	// FilesOutside are files that downloads made outside of their folder.
	FilesOutside = "files_outside"
	// FilesPartial are files that stood under their final names before they were whole.
	FilesPartial = "files_partial"

	// DurableChecked are entries that were acknowledged by a durable supernode before it was killed, or a write of it was
	// torn, and that were looked for once it had started again.
	DurableChecked = "durable_checked"
	// DurableMissing are those of them that were not there.
	DurableMissing = "durable_missing"

	// MessagesPosted are messages put into mailboxes; the others say what became of them.
	MessagesPosted    = "messages_posted"
	MessagesProcessed = "messages_processed"
	MessagesPanicked  = "messages_panicked"  // lost with the actor that failed over them
	MessagesDropped   = "messages_dropped"   // by a fault
	MessagesDiscarded = "messages_discarded" // with the mailbox of an actor that stopped
	MessagesWaiting   = "messages_waiting"   // in mailboxes at the end

	// PanicsInjected are panics that faults raised in actors.
	PanicsInjected = "panics_injected"
	// ActorRestarts are the failures of actors that supervisors have dealt with: by a restart, or by an end where an actor is
	// not restarted, or not again.
	ActorRestarts = "actor_restarts"
	// ActorRestartsKnown are those of them that have a known cause other than an injected panic.
	ActorRestartsKnown = "actor_restarts_known"
	// NodesDied are ends of nodes that no fault, churn or workload wanted.
	NodesDied = "nodes_died"
	// PanicsUnsupervised are panics that no supervisor dealt with.
	PanicsUnsupervised = "panics_unsupervised"

	// GoroutinesLeft are those that were there when all nodes had ended. Only engine mem looks.
	GoroutinesLeft = "goroutines_left"

	// StrangerBytes are the most bytes that were sent to one address that had never contacted anybody.
	StrangerBytes = "stranger_bytes_max"
)
