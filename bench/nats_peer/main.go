// A worker and a client of NATS that echo, by NATS' own Go client.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

const service = "echo"

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(word string) int {
	value, err := strconv.Atoi(word)
	check(err)
	return value
}

func connect(url string) *nats.Conn {
	connection, err := nats.Connect(url)
	check(err)
	return connection
}

func work(url string) {
	connection := connect(url)
	subscription, err := connection.QueueSubscribe(service, "workers", func(m *nats.Msg) {
		check(connection.Publish(m.Reply, m.Data))
	})
	check(err)
	check(subscription.SetPendingLimits(-1, -1))
	check(connection.Flush())
	fmt.Println("listening jobs")
	os.Stdin.Read(make([]byte, 1)) // until it ends
}

// So many requests at a time, all with one inbox.
func load(url string, size, count, outstanding int) {
	connection := connect(url)
	inbox := nats.NewInbox()
	replies, err := connection.SubscribeSync(inbox)
	check(err)
	check(replies.SetPendingLimits(-1, -1))
	body := make([]byte, size)
	started := time.Now()
	sent := 0
	for done := 0; done < count; done++ {
		for sent < count && sent-done < outstanding {
			check(connection.PublishRequest(service, inbox, body))
			sent++
		}
		m, err := replies.NextMsg(30 * time.Second)
		check(err)
		if len(m.Data) != size {
			check(fmt.Errorf("%d octets came", len(m.Data)))
		}
	}
	fmt.Printf("%.9f seconds\n", time.Since(started).Seconds())
}

func ask(url string, size, count int) {
	connection := connect(url)
	body := make([]byte, size)
	timeEach(count, func(number uint64) {
		binary.LittleEndian.PutUint64(body, number)
		m, err := connection.Request(service, body, 30*time.Second)
		check(err)
		if len(m.Data) != size || binary.LittleEndian.Uint64(m.Data) != number {
			check(fmt.Errorf("a reply is not what was asked"))
		}
	})
}

func timeEach(count int, once func(number uint64)) {
	untimed := count/10 + 1
	if untimed > 1000 {
		untimed = 1000
	}
	taken := make([]float64, 0, count)
	begin := time.Now()
	for i := 0; i < untimed+count; i++ {
		if i == untimed {
			begin = time.Now()
		}
		before := time.Now()
		once(uint64(i))
		if i >= untimed {
			taken = append(taken, float64(time.Since(before).Nanoseconds())/1e3)
		}
	}
	seconds := time.Since(begin).Seconds()
	sort.Float64s(taken)
	fmt.Printf("%.3f p50\n%.3f p99\n%.3f a_second\n", taken[(count-1)*50/100],
		taken[(count-1)*99/100], float64(count)/seconds)
}

// A stream in files that takes what is published, as durable as the server makes it.
func stream(url string) nats.JetStreamContext {
	jetstream, err := connect(url).JetStream(nats.MaxWait(30 * time.Second))
	check(err)
	_, err = jetstream.StreamInfo("stored")
	if err != nil {
		_, err = jetstream.AddStream(&nats.StreamConfig{Name: "stored",
			Subjects: []string{"stored"}, Storage: nats.FileStorage})
		check(err)
	}
	return jetstream
}

// So many clients, each with so many messages that are not acknowledged yet.
func store(url string, clients, outstanding, size, count int) {
	streams := make([]nats.JetStreamContext, clients)
	for i := range streams {
		streams[i] = stream(url)
	}
	ended := make(chan error, clients)
	started := time.Now()
	for i, each := range streams {
		share := count / clients
		if i < count%clients {
			share++
		}
		go func(to nats.JetStreamContext, share int) {
			ended <- storeShare(to, share, outstanding, size)
		}(each, share)
	}
	for range streams {
		check(<-ended)
	}
	fmt.Printf("%.9f seconds\n", time.Since(started).Seconds())
}

func storeShare(to nats.JetStreamContext, count, outstanding, size int) error {
	waiting := make([]nats.PubAckFuture, 0, outstanding)
	for sent, done := 0, 0; done < count; done++ {
		for sent < count && sent-done < outstanding {
			body := make([]byte, size)
			binary.LittleEndian.PutUint64(body, uint64(sent))
			future, err := to.PublishAsync("stored", body)
			if err != nil {
				return err
			}
			waiting = append(waiting, future)
			sent++
		}
		select {
		case <-waiting[0].Ok():
		case err := <-waiting[0].Err():
			return err
		}
		waiting = waiting[1:]
	}
	return nil
}

func askStream(url string, size, count int) {
	to := stream(url)
	body := make([]byte, size)
	timeEach(count, func(number uint64) {
		binary.LittleEndian.PutUint64(body, number)
		_, err := to.Publish("stored", body)
		check(err)
	})
}

func main() {
	words := os.Args[1:]
	switch {
	case len(words) == 2 && words[0] == "worker":
		work(words[1])
	case len(words) == 5 && words[0] == "client":
		load(words[1], number(words[2]), number(words[3]), number(words[4]))
	case len(words) == 4 && words[0] == "ask":
		ask(words[1], number(words[2]), number(words[3]))
	case len(words) == 6 && words[0] == "store":
		store(words[1], number(words[2]), number(words[3]), number(words[4]), number(words[5]))
	case len(words) == 4 && words[0] == "ask-stream":
		askStream(words[1], number(words[2]), number(words[3]))
	default:
		check(fmt.Errorf("worker URL | client URL SIZE COUNT OUTSTANDING | ask[-stream] URL SIZE " +
			"COUNT | store URL CLIENTS OUTSTANDING SIZE COUNT"))
	}
}
