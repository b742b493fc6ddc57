//! What all things that have a name can do with it.
//!
//! Used by [`SharedMemory`](super::SharedMemory), [`Named`](super::Named) and the
//! collections.
//!
//! 1. A message takes such a thing along as its name, which the receiver opens.
//!
//! When a process dies here, see [`segment`](super::segment).

/// Methods of a type whose field `segment` is a [`NamedSegment`](super::NamedSegment).
macro_rules! named {
    ($type:ident $(<$param:ident>)?) => {
        impl<$($param,)? P: $crate::platform::Tasks> $type<$($param,)? P> {
            /// Takes the name away. Who has it open keeps it.
            ///
            /// # Errors
            /// [`Error::NoSegment`](crate::Error::NoSegment) if that was done before.
            #[track_caller]
            pub fn unlink(&self) -> Result<(), $crate::Error> {
                let site = <P::Site as $crate::platform::Site>::here();
                $crate::shm::NamedSegment::<P>::unlink(self.name(), site)
            }

            /// Keeps it when the program that made it is gone, until it is unlinked.
            pub fn keep(&self) {
                self.segment.keep();
            }

            /// The name.
            #[must_use]
            pub fn name(&self) -> &str {
                self.segment.name()
            }
        }
    };
}

/// The same of a collection of plain values whose field `place` is a [`Place`](super::Place), so
/// that it may have none; its memory lies as `$layout` says, and `on` makes one on it. As part of
/// a message it is what [`carried`](super::carried) makes of it.
macro_rules! perhaps_named {
    ($type:ident<$param:ident> as $layout:ty) => {
        impl<$param, P: $crate::platform::Tasks> $type<$param, P> {
            /// The name, if it has one.
            #[must_use]
            pub fn name(&self) -> Option<&str> {
                self.place.name()
            }

            /// Takes the name away. Who has it open keeps it.
            ///
            /// # Errors
            /// [`Error::NoSegment`](crate::Error::NoSegment) if that was done before, or
            /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if it never had one.
            #[track_caller]
            pub fn unlink(&self) -> Result<(), $crate::Error> {
                self.place.unlink(<P::Site as $crate::platform::Site>::here())
            }

            /// Keeps it, if it has a name, when the program that made it is gone, until it
            /// is unlinked.
            pub fn keep(&self) {
                self.place.keep();
            }
        }

        impl<$param, P> $crate::shm::carried::Carried for $type<$param, P>
        where
            $param: $crate::Shareable + Send + Copy,
            P: $crate::platform::Tasks,
        {
            type Platform = P;

            fn layout() -> $crate::shm::Layout {
                $crate::shm::Layout::named::<Self, $layout, P>(0)
            }

            fn segment(&self) -> &P::Segment {
                self.place.segment()
            }

            fn of_segment(segment: P::Segment) -> Result<Self, String> {
                Self::on($crate::shm::Place::of_segment(segment))
            }

            fn name(&self) -> Option<(&str, u32)> {
                self.place.name().map(|name| (name, 0))
            }

            fn of_name(name: &str, _version: u32) -> Result<Self, $crate::Error> {
                Self::open(name)
            }
        }

        $crate::shm::carried::carried!(
            [$param: $crate::Shareable + Send + Copy, P: $crate::platform::Tasks] $type<$param, P>
        );
    };
}

/// As part of a message it is its name.
macro_rules! sent_by_name {
    ($type:ident) => {
        impl<P: $crate::platform::Tasks> serde::Serialize for $type<P> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.name().serialize(serializer)
            }
        }

        impl<'de, P: $crate::platform::Tasks> serde::Deserialize<'de> for $type<P> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::open(&name).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use {named, perhaps_named, sent_by_name};
