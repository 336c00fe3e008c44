// SPDX-License-Identifier: Apache-2.0

// ip-control-loop runs the upstream Whereabouts reconciler on a cron schedule.
//
// It stands in for the binary of the same name in GKE's whereabouts image, which
// is not public: same flags, same effect (addresses of vanished pods are freed),
// but no pod informer. Upstream's own control loop cannot be used, because it
// wants rights on nodes and network attachments that GKE's ClusterRole lacks.
package main

import (
	"flag"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/k8snetworkplumbingwg/whereabouts/pkg/logging"
	"github.com/k8snetworkplumbingwg/whereabouts/pkg/reconciler"
)

func main() {
	level := flag.String("log-level", "debug", "debug, verbose, error or panic")
	schedule := flag.String("cron-schedule", "30 4 * * *", "when to look for orphaned addresses (UTC)")
	watch := flag.Bool("enable-pod-watch", false, "not supported by this stand-in")
	flag.Parse()
	logging.SetLogLevel(*level)
	logging.SetLogStderr(true)
	if *watch {
		fail("--enable-pod-watch is not supported by this stand-in")
	}

	results := make(chan error)
	scheduler, err := gocron.NewScheduler(gocron.WithLocation(time.UTC))
	if err != nil {
		fail("scheduler: %v", err)
	}
	job := gocron.NewTask(reconciler.ReconcileIPs, results)
	if _, err = scheduler.NewJob(gocron.CronJob(*schedule, false), job); err != nil {
		fail("cron schedule %q: %v", *schedule, err)
	}
	scheduler.Start()

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	for {
		select {
		case <-stop:
			return
		case err := <-results:
			if err != nil {
				_ = logging.Errorf("reconciler failure: %v", err)
			} else {
				logging.Verbosef("reconciler success")
			}
		}
	}
}

func fail(format string, args ...any) {
	_ = logging.Errorf(format, args...)
	os.Exit(1)
}
