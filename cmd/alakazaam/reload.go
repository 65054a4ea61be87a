package main

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/sirupsen/logrus"
	"golang.org/x/term"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/config"
)

// hangups are the signals to read the configuration anew. The same signal says that the terminal in which a program was
// started is gone.
type hangups struct {
	signals  chan os.Signal
	terminal bool // there was one at the start
}

// onHangup begins to listen for the signal. A program that was told to ignore it, by nohup, goes on ignoring it.
func onHangup() *hangups {
	h := &hangups{signals: make(chan os.Signal, 1), terminal: inTerminal()}
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(h.signals, syscall.SIGHUP)
	}
	return h
}

func (h *hangups) forget() { signal.Stop(h.signals) }

// alone says whether the terminal is gone.
func (h *hangups) alone() bool { return h.terminal && !inTerminal() }

func inTerminal() bool { return term.IsTerminal(int(os.Stdin.Fd())) }

// replay is an input that can be read again from its beginning: a configuration that came in by it is the same at each
// reload.
type replay struct {
	from io.Reader
	read []byte
	at   int
	end  error
}

// Read implements io.Reader.
func (r *replay) Read(b []byte) (int, error) {
	if r.at == len(r.read) && r.end == nil {
		n, err := r.from.Read(b)
		r.read, r.end = append(r.read, b[:n]...), err
	}
	n := copy(b, r.read[r.at:])
	if r.at += n; n == 0 {
		return 0, r.end
	}
	return n, nil
}

// reload reads the configuration anew and takes over what can change while a node runs. One that is wrong changes
// nothing.
func (h *hosted) reload() {
	h.order.notifier.reloading()
	defer h.order.notifier.ready()
	log := h.order.log
	next, warnings, err := h.order.again()
	logWarnings(log, warnings)
	var token string
	if err == nil {
		if token, _, err = next.Admin.ReadToken(); err == nil {
			next, err = absolute(next)
		}
	}
	if err != nil {
		h.reloads["failed"].Add(1)
		logProblems(log, err)
		log.Error("the configuration is not reloaded: the node goes on with the one it has")
		return
	}
	was := h.live.Get().Log
	h.keepOutOfHarm(&next)
	changed, refused := h.live.Reload(next)
	now := h.live.Get()
	if now.Log != was {
		tune(log, now.Log)
		defer tune(log, now.Log)
		log.SetLevel(max(log.GetLevel(), logrus.InfoLevel)) // this is to be read, whatever the level is from now on
	}
	h.transport.SetRates(now.Transfer.UploadRate, now.Transfer.DownloadRate)
	if slices.ContainsFunc(changed, func(c config.Change) bool { return c.Key == "faults" || c.Key == "fault_seed" }) && h.faults != nil {
		h.faults.Load(now.Faults, now.FaultSeed)
	}
	h.system.Root.Send(h.routes.Gateway, &message.Reloaded{})
	h.reloads["ok"].Add(1)
	for _, c := range changed {
		log.WithFields(logrus.Fields{"key": c.Key, "old": c.Old, "new": c.New}).Info("configuration changed")
	}
	for _, c := range refused {
		log.WithFields(logrus.Fields{"key": c.Key, "old": c.Old, "new": c.New}).
			Warn("this change takes a restart: the node goes on with the old value")
	}
	if h.admin != nil && h.admin.SetToken(token) {
		log.Info("the admin interface asks for another token")
	}
	log.WithFields(logrus.Fields{"changed": len(changed), "need_restart": len(refused)}).Info("the configuration is reloaded")
}

// keepOutOfHarm leaves faults out of another configuration where this node takes none: it was started without.
func (h *hosted) keepOutOfHarm(next *config.Config) {
	if h.faults != nil || len(next.Faults) == 0 {
		return
	}
	next.Faults = nil
	h.order.log.WithField("key", "faults").Warn("faults take a restart: this node was started without any, and without admin.faults")
}

// newReloads makes the counters of reloads, which are there from the start.
func newReloads(m port.Metrics) map[string]port.Counter {
	all := make(map[string]port.Counter)
	for _, result := range []string{"ok", "failed"} {
		all[result] = m.Counter("config_reloads_total", "Reloads of the configuration, by result.", "result", result)
	}
	return all
}

// logProblems tells each problem of a configuration in a line of its own.
func logProblems(log logrus.FieldLogger, err error) {
	var problems config.Errors
	if !errors.As(err, &problems) {
		log.Error(err)
		return
	}
	for _, p := range problems {
		log.WithField("key", p.Key).Error(p.String())
	}
}
