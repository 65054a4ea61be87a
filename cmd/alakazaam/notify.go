package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/sirupsen/logrus"
)

const (
	// startLimit is how long reading the directory may take before the service manager's own patience counts again.
	startLimit = 15 * time.Minute
	// stopLimit is the same for writing back what is in memory at the end.
	stopLimit = 2 * time.Minute
	// extension is for how long each message asks the service manager to wait, and extendEvery how often it is asked.
	extension   = 30 * time.Second
	extendEvery = 10 * time.Second
)

// notifier tells the service manager that has started the program how it is getting on, by the protocol of sd_notify(3).
// Where there is no service manager that listens (NOTIFY_SOCKET is not set) its methods do nothing.
type notifier struct {
	send func(state string) error // nil: nobody listens
	log  logrus.FieldLogger
	deaf sync.Once // the log says once that the service manager cannot be told
}

// newNotifier looks for a service manager.
func newNotifier(log logrus.FieldLogger) *notifier {
	n := &notifier{log: log}
	if heard, err := daemon.SdNotify(false, "STATUS=starting"); heard || err != nil {
		n.send = func(state string) error {
			_, err := daemon.SdNotify(false, state)
			return err
		}
		n.failed(err)
	}
	return n
}

// listens says whether there is anybody to be told.
func (n *notifier) listens() bool { return n.send != nil }

// ready says that the node serves, after its start or after reloading.
func (n *notifier) ready() { n.tell(daemon.SdNotifyReady) }

// reloading says that the configuration is being read again; ready has to follow. The time is what tells the service
// manager that this is the answer to its own signal and not to one before.
func (n *notifier) reloading() {
	n.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// stopping says that the node ends.
func (n *notifier) stopping() { n.tell(daemon.SdNotifyStopping + "\nSTATUS=finishing open answers") }

// status says in a line how the node is.
func (n *notifier) status(line string) { n.tell("STATUS=" + oneLine(line)) }

// alive keeps the service manager from taking the node for hung.
func (n *notifier) alive() { n.tell(daemon.SdNotifyWatchdog) }

// extending has the service manager wait for what may take long, until done is called or limit has passed.
func (n *notifier) extending(limit time.Duration) (done func()) {
	if !n.listens() {
		return func() {}
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	var asking sync.WaitGroup
	asking.Go(func() {
		for again := time.NewTicker(extendEvery); ; {
			n.tell(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", extension.Microseconds()))
			select {
			case <-again.C:
			case <-ctx.Done():
				again.Stop()
				return
			}
		}
	})
	return func() {
		cancel()
		asking.Wait() // else a late request would extend what comes next
	}
}

func (n *notifier) tell(state string) {
	if n.listens() {
		n.failed(n.send(state))
	}
}

func (n *notifier) failed(err error) {
	if err != nil {
		n.deaf.Do(func() { n.log.WithError(err).Warn("the service manager cannot be told how the node is") })
	}
}
