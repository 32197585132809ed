package bgp

import "pseudowan/bgp/vpn"

// The attributes of a route belong to the vocabulary that the packages of BGP share.
type (
	ASPath         = vpn.ASPath
	ASSegment      = vpn.ASSegment
	SegmentKind    = vpn.SegmentKind
	Origin         = vpn.Origin
	Community      = vpn.Community
	LargeCommunity = vpn.LargeCommunity
)

// The kinds of segments of an AS path.
const (
	ASSet            = vpn.ASSet
	ASSequence       = vpn.ASSequence
	ASConfedSequence = vpn.ASConfedSequence
	ASConfedSet      = vpn.ASConfedSet
)

// The three origins.
const (
	OriginIGP        = vpn.OriginIGP
	OriginEGP        = vpn.OriginEGP
	OriginIncomplete = vpn.OriginIncomplete
)

// The communities that restrict where a route is announced (RFC 1997).
const (
	NoExport          = vpn.NoExport
	NoAdvertise       = vpn.NoAdvertise
	NoExportSubconfed = vpn.NoExportSubconfed
)

// GracefulShutdown marks routes of a router that will soon forward no more (RFC 8326).
const GracefulShutdown = vpn.GracefulShutdown

// Sequence returns the path through the given ASes, nearest first.
func Sequence(as ...uint32) ASPath { return vpn.Sequence(as...) }
