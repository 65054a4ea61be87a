package config

import "time"

// Defaults of transfers.
const (
	DefaultUploadSlots           = 20
	DefaultUploadSlotsPerAddress = 2
	DefaultUploadQueue           = 100
	DefaultUploadWait            = 30 * time.Second
	DefaultDownloads             = 5
	DefaultStallTimeout          = 30 * time.Second
)

// Transfer bounds uploads and downloads.
type Transfer struct {
	// Uploads at once, in all.
	UploadSlots int `yaml:"upload_slots" unit:"uploads" zero:"no limit" reload:"yes"`
	// Uploads at once, towards one address.
	UploadSlotsPerAddress int `yaml:"upload_slots_per_address" unit:"uploads" zero:"no limit" reload:"yes"`
	// Uploads that wait for a slot.
	UploadQueue int `yaml:"upload_queue" unit:"uploads" zero:"no limit" reload:"yes"`
	// How long an upload waits for a slot before it is refused.
	UploadWait time.Duration `yaml:"upload_wait" range:"0s..24h" zero:"nobody waits" reload:"yes"`
	// Downloads at once; more wait for their turn.
	Downloads int `yaml:"downloads" unit:"downloads" zero:"no limit" reload:"yes"`
	// A transfer that moves nothing for this long has failed.
	StallTimeout time.Duration `yaml:"stall_timeout" range:"1ms..24h" reload:"yes"`
	// Bytes a second that all uploads together may send.
	UploadRate Rate `yaml:"upload_rate" unit:"bytes/s" zero:"no limit" reload:"yes"`
	// Bytes a second that all downloads together may take.
	DownloadRate Rate `yaml:"download_rate" unit:"bytes/s" zero:"no limit" reload:"yes"`
	// The largest file that is downloaded.
	MaxFileSize Size `yaml:"max_file_size" unit:"bytes" zero:"no limit" reload:"yes"`
}

func defaultTransfer() Transfer {
	return Transfer{
		UploadSlots:           DefaultUploadSlots,
		UploadSlotsPerAddress: DefaultUploadSlotsPerAddress,
		UploadQueue:           DefaultUploadQueue,
		UploadWait:            DefaultUploadWait,
		Downloads:             DefaultDownloads,
		StallTimeout:          DefaultStallTimeout,
	}
}
