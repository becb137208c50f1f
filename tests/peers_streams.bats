# ffmpeg, uftp and ssmping, told to send and to join one way, under a policy that has it another way: what arrives is
# byte for byte what was sent.

load hosts
load peers

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# --- ffmpeg ---

FFMPEG=(ffmpeg -nostdin -loglevel error)

# ffmpeg_setup FAMILY: a short film as a transport stream.
ffmpeg_setup() {
	needs ffmpeg ffmpeg
	addresses "$1"
	cd "$BATS_TEST_TMPDIR" || return
	"${FFMPEG[@]}" -f lavfi -i testsrc=duration=2:size=64x64:rate=10 -c:v mpeg2video -f mpegts film.ts
}

# ffmpeg_receives [VARIABLE=VALUE]... URL: it writes down what comes.
ffmpeg_receives() {
	start r grafted "${@:1:$#-1}" "${FFMPEG[@]}" -f data -i "udp://${!#}" -map 0 -c copy -flush_packets 1 \
		-f data "$BATS_TEST_TMPDIR/received.ts"
	wait_until bound 5000
}

# ffmpeg_sends [VARIABLE=VALUE]... URL: the film, not at its own pace.
ffmpeg_sends() {
	start p on sender grafted "${@:1:$#-1}" "${FFMPEG[@]}" -i film.ts -c copy -f mpegts "udp://${!#}"
	finish p
	printed p
}

film_received() {
	wait_until cmp -s film.ts received.ts
	printed r
}

# The one has an address in mind and the other a group, neither of them right, and a TTL; no source is named.
ffmpeg_moved() {
	ffmpeg_setup "$1"
	capture wire receiver b0
	ffmpeg_receives "SOCKGRAFT_REDIRECT=$OTHER->$GROUP" "SOCKGRAFT_FILTER=$SOURCE@$GROUP%b0" "$(at "$OTHER" 5000)"
	[ "$(mcfilter b0 "$GROUP" "$SOURCE")" = "1 0" ]
	refute joined "$OTHER" b0
	reports wire "$GROUP" "$SOURCE"
	ffmpeg_sends "SOCKGRAFT_REDIRECT=$NOWHERE->$GROUP" SOCKGRAFT_MULTICAST_TTL=16 SOCKGRAFT_MULTICAST_HOPLIMIT=16 \
		SOCKGRAFT_DSCP=af41 "$(at "$NOWHERE" 5000)?pkt_size=1316&ttl=3"
	film_received
	nothing_to wire "$NOWHERE" "$OTHER"
	no_any_source_report wire "$GROUP"
}

@test "ffmpeg's address and ffmpeg's group are one group, heard from one source, sent with TTL and class of the policy" {
	ffmpeg_moved 4
	sees wire 'tos 0x88, ttl 16, .* > 239\.1\.1\.1\.5000: '
}

@test "IPv6, ffmpeg's address and ffmpeg's group are one group, heard from one source, sent with hop limit and class of the policy" {
	ffmpeg_moved 6
	sees wire 'class 0x88, .*hlim 16, .* > ff15::114\.5000: '
}

# It names a source itself, and a wrong one; of what arrives it then drops all that comes from another, by itself.
ffmpeg_names_a_source_in_vain() {
	ffmpeg_setup "$1"
	capture wire receiver b0
	ffmpeg_receives "SOCKGRAFT_FILTER=$SOURCE@*%b0" "$(at "$GROUP" 5000)?sources=$SOURCE2"
	[ "$(mcfilter b0 "$GROUP" "$SOURCE")" = "1 0" ]
	[ -z "$(mcfilter b0 "$GROUP" "$SOURCE2")" ]
	reports wire "$GROUP" "$SOURCE"
	no_any_source_report wire "$GROUP"
	refute has_captured wire "gaddr $(literally "$GROUP") .*$(literally "$SOURCE2") "
}

@test "ffmpeg's source gives way to the filter's" {
	ffmpeg_names_a_source_in_vain 4
}

@test "IPv6, ffmpeg's source gives way to the filter's" {
	ffmpeg_names_a_source_in_vain 6
}

# Two hear it, each on one link.
ffmpeg_sent_by_each_interface() {
	ffmpeg_setup "$1"
	capture wire0 receiver b0
	capture wire1 receiver b1
	ffmpeg_receives "SOCKGRAFT_FILTER=$SOURCE_A1@$GROUP%b1" "$(at "$GROUP" 5000)"
	ffmpeg_sends SOCKGRAFT_INTERFACE=a0+a1 SOCKGRAFT_MULTICAST_TTL=16 SOCKGRAFT_MULTICAST_HOPLIMIT=16 \
		"$(at "$GROUP" 5000)?pkt_size=1316&ttl=1"
	film_received
	sees wire0 " $(literally "$SOURCE")\.[0-9]* > $(literally "$GROUP")\.5000: "
	sees wire1 " $(literally "$SOURCE_A1")\.[0-9]* > $(literally "$GROUP")\.5000: "
	refute has_captured wire0 "gaddr $(literally "$GROUP")"
}

@test "what ffmpeg sends leaves by each interface" {
	ffmpeg_sent_by_each_interface 4
}

@test "IPv6, what ffmpeg sends leaves by each interface" {
	ffmpeg_sent_by_each_interface 6
}

@test "ffmpeg that is bound to an address and connected keeps the address on each interface" {
	ffmpeg_setup 4
	capture wire0 receiver b0
	capture wire1 receiver b1
	ffmpeg_sends SOCKGRAFT_INTERFACE=a0+a1 '239.1.1.1:5000?pkt_size=1316&localaddr=10.77.0.3&connect=1'
	sees wire0 ' 10\.77\.0\.3\.[0-9]* > 239\.1\.1\.1\.5000: '
	sees wire1 ' 10\.77\.0\.3\.[0-9]* > 239\.1\.1\.1\.5000: '
}

# --- uftp ---

# uftp_setup FAMILY: a file to send.  UFTP is the sender, by a0, without patience; UFTPD the receiver, by b0: neither
# looks for names, and the groups are 230.4.4.1 and 230.5.5.5 if they are not said.
uftp_setup() {
	needs uftp uftp
	addresses "$1"
	cd "$BATS_TEST_TMPDIR" || return
	mkdir received
	head -c 20000 /dev/urandom >file
	UFTP=(uftp -H 0x00000002 -R -1 -s 10 -r 0.05:0.01:0.05)
	UFTPD=(uftpd -q -d -t -U 0x00000002 -D "$BATS_TEST_TMPDIR/received")
	if [ "$1" = 4 ]; then
		UFTP+=(-I a0 -P 230.5.5.5)
		UFTPD+=(-I b0)
	else
		UFTP+=(-I "$SOURCE" -M ff15::999 -P ff15::555)
		UFTPD+=(-I "$SERVER" -M ff15::999)
	fi
}

# uftp_receives [VARIABLE=VALUE]...: the one grafted onto.
uftp_receives() {
	capture wire receiver b0
	capture wire1 receiver b1
	start r grafted "$@" "${UFTPD[@]}"
	wait_until bound 1044
	wait_until complained r 'Loaded .* key'
	wait_until asleep r
}

# uftp_sends [VARIABLE=VALUE]...: and the other; the file is the same at both ends.
uftp_sends() {
	start p on sender grafted "$@" "${UFTP[@]}" file
	finish p
	[ -z "$(cat "$(out p)" "$(out r)")" ]
	cmp file received/file
	[ "$(warnings p)" = 0 ]
	[ "$(warnings r)" = 0 ]
}

uftp_moved() {
	local move
	uftp_setup "$1"
	move="SOCKGRAFT_REDIRECT=$2->$GROUP,$3->$OTHER_GROUP"
	uftp_receives "$move"
	joined "$GROUP" b0
	uftp_sends "$move" SOCKGRAFT_MULTICAST_TTL=16 SOCKGRAFT_MULTICAST_HOPLIMIT=16 SOCKGRAFT_DSCP=ef
	refute joined "$OTHER_GROUP" b0
	nothing_to wire "$2" "$3"
	refute has_captured wire "gaddr ($(literally "$2")|$(literally "$3")) "
}

@test "uftp's two groups are others at both ends, with TTL and class of the policy" {
	OTHER_GROUP=239.1.1.2 uftp_moved 4 230.4.4.1 230.5.5.5
	sees wire 'tos 0xb8, ttl 16, .* > 239\.1\.1\.1\.1044: '
	sees wire 'tos 0xb8, ttl 16, .* > 239\.1\.1\.2\.1044: '
}

@test "IPv6, uftp's two groups are others at both ends, with hop limit and class of the policy" {
	OTHER_GROUP=ff15::115 uftp_moved 6 ff15::999 ff15::555
	sees wire 'class 0xb8, .*hlim 16, .* > ff15::114\.1044: '
	sees wire 'class 0xb8, .*hlim 16, .* > ff15::115\.1044: '
}

@test "uftp's two groups are one address: nothing is sent to a group" {
	uftp_setup 4
	uftp_receives
	uftp_sends 'SOCKGRAFT_REDIRECT=230.4.4.1->10.77.0.2,230.5.5.5->10.77.0.2'
	nothing_to wire 230.4.4.1 230.5.5.5
}

# Both are told the first link, and meet on the second.
uftp_elsewhere() {
	uftp_setup "$1"
	uftp_receives "SOCKGRAFT_FILTER=$SOURCE_A1@*%b1"
	[ "$(mcfilter b1 "$2" "$SOURCE_A1")" = "1 0" ]
	uftp_sends SOCKGRAFT_INTERFACE=a1
	reports wire1 "$2" "$SOURCE_A1"
	reports wire1 "$3" "$SOURCE_A1"
	sees wire1 "gaddr $(literally "$3") (block|to_in) \{"
	[ -z "$(mcfilter b1 "$3" "$SOURCE_A1")" ]
	no_any_source_report wire1 "$2"
	no_any_source_report wire1 "$3"
	nothing_to wire "$2" "$3"
	refute has_captured wire "gaddr ($(literally "$2")|$(literally "$3")) "
}

@test "uftp's interface is another one at both ends, heard from one source; the group that it leaves is left" {
	uftp_elsewhere 4 230.4.4.1 230.5.5.5
}

@test "IPv6, uftp's interface is another one at both ends, heard from one source; the group that it leaves is left" {
	uftp_elsewhere 6 ff15::999 ff15::555
}

# It joins by b0 and by one more interface, and the filter has both at b0.
uftp_by_two_interfaces() {
	uftp_setup "$1"
	UFTPD+=(-I "$2")
	uftp_receives "SOCKGRAFT_FILTER=$SOURCE@*%b0"
	[ "$(mcfilter b0 "$3" "$SOURCE")" = "1 0" ]
	uftp_sends
	reports wire "$3" "$SOURCE"
	sees wire "gaddr $(literally "$4") (block|to_in) \{"
	[ "$(mcfilter b0 "$3" "$SOURCE")" = "1 0" ]
	[ -z "$(mcfilter b0 "$4" "$SOURCE")" ]
	no_any_source_report wire "$3"
	refute has_captured wire1 "gaddr ($(literally "$3")|$(literally "$4")) "
}

@test "uftpd joins by two interfaces, which the filter makes one" {
	uftp_by_two_interfaces 4 b1 230.4.4.1 230.5.5.5
}

@test "IPv6, uftpd joins by two interfaces, which the filter makes one" {
	uftp_by_two_interfaces 6 fd78::2 ff15::999 ff15::555
}

@test "uftpd that joins twice by one interface fails as it does by itself" {
	uftp_setup 4
	start alone uftpd -q -d -D "$BATS_TEST_TMPDIR/received"
	refute finish alone
	complained alone 'Error joining multicast group: Address already in use'
	SOCKGRAFT_FILTER='10.77.0.1@*' start r grafted uftpd -q -d -D "$BATS_TEST_TMPDIR/received"
	refute finish r
	diff "$(err alone)" "$(err r)"
}

# --- ssmping ---

# ssmping_setup FAMILY [VARIABLE=VALUE]...: the one that answers, grafted onto.
ssmping_setup() {
	needs ssmping ssmping
	addresses "$1"
	start d grafted "${@:2}" ssmpingd
	wait_until bound 4321
	wait_until asleep d
}

# The answer is sent to a group too, from where it was asked.
ssmpingd_held() {
	ssmping_setup "$1" SOCKGRAFT_TTL=9 SOCKGRAFT_HOPLIMIT=9 SOCKGRAFT_MULTICAST_TTL=16 \
		SOCKGRAFT_MULTICAST_HOPLIMIT=16 SOCKGRAFT_DSCP=ef
	capture wire sender a0
	start p on sender ssmping -c 1 "$SERVER"
	finish p
	said p "unicast from $SERVER, seq=1"
	said p "multicast from $SERVER, seq=1"
	silent d
}

@test "ssmpingd answers with TTL and class of the policy, whatever it has set itself" {
	ssmpingd_held 4
	sees wire 'tos 0xb8, ttl 9, .* 10\.77\.0\.2\.4321 > 10\.77\.0\.1\.'
	sees wire 'tos 0xb8, ttl 16, .* 10\.77\.0\.2\.4321 > 232\.43\.211\.234\.'
}

@test "IPv6, ssmpingd answers with hop limit and class of the policy, whatever it has set itself" {
	ssmpingd_held 6
	sees wire 'class 0xb8, .*hlim 9, .* fd77::2\.4321 > fd77::1\.'
	sees wire 'class 0xb8, .*hlim 16, .* fd77::2\.4321 > ff3e::4321:1234\.'
}

# Each answer to the group names the address that was asked as its source, which is what the asker has joined.
ssmpingd_by_each_interface() {
	ssmping_setup "$1" SOCKGRAFT_INTERFACE=b0+b1
	capture wire0 receiver b0
	capture wire1 receiver b1
	start p on sender ssmping -c 1 "$SERVER"
	finish p
	said p "multicast from $SERVER, seq=1"
	sees wire0 " $(literally "$SERVER")\.4321 > $(literally "$2")\."
	sees wire1 " $(literally "$SERVER")\.4321 > $(literally "$2")\."
	nothing_to wire1 "$SOURCE"
	silent d
}

@test "what ssmpingd sends to a group leaves by each interface, from the address that it says" {
	ssmpingd_by_each_interface 4 232.43.211.234
}

@test "IPv6, what ssmpingd sends to a group leaves by each interface, from the address that it says" {
	ssmpingd_by_each_interface 6 ff3e::4321:1234
}

# Asked for the group from any source.
asmping_from_one_source() {
	ssmping_setup "$1"
	capture wire sender a0
	start p on sender grafted "SOCKGRAFT_FILTER=$SERVER@*" asmping -c 1 "$GROUP" "$SERVER"
	finish p
	said p "multicast from $SERVER, seq=1"
	reports wire "$2" "$SERVER"
	no_any_source_report wire "$2"
	silent p
}

@test "asmping's any-source join is made for the filter's source" {
	asmping_from_one_source 4 239.1.1.234
}

@test "IPv6, asmping's any-source join is made for the filter's source" {
	asmping_from_one_source 6 ff15::4321:1234
}

# A server that it knows by another address, from which nothing can come.
ssmping_redirected() {
	ssmping_setup "$1"
	capture wire sender a0
	start p on sender grafted "SOCKGRAFT_REDIRECT=$NOWHERE->$SERVER" "SOCKGRAFT_FILTER=$SERVER@*" ssmping -c 1 "$NOWHERE"
	finish p || : # it looks for the server's other name in multicast too, on a socket that has sent nothing
	said p "unicast from $NOWHERE, seq=1"
	reports wire "$2" "$SERVER"
	nothing_to wire "$NOWHERE"
	silent p
}

@test "ssmping is answered by the server that it was redirected to, and joins the filter's source" {
	ssmping_redirected 4 232.43.211.234
}

@test "IPv6, ssmping is answered by the server that it was redirected to, and joins the filter's source" {
	ssmping_redirected 6 ff3e::4321:1234
}
