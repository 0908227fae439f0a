//! Positions and boxes in integer 10⁻⁷ degrees.

/// Mean radius of the earth in metres (IUGG), for distances of village scale.
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// A position, WGS-84 unless a name says otherwise, in 10⁻⁷ degree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Point {
    /// Longitude, east positive, 10⁻⁷ degree.
    pub lon_e7: i32,
    /// Latitude, north positive, 10⁻⁷ degree.
    pub lat_e7: i32,
}

impl Point {
    /// The nearest representable position; `None` outside ±180°/±90° or when not a number.
    pub fn from_degrees(lon: f64, lat: f64) -> Option<Self> {
        if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
            return None;
        }
        // In range by the check above, so the casts cannot lose anything but the fraction.
        Some(Self { lon_e7: (lon * 1e7).round() as i32, lat_e7: (lat * 1e7).round() as i32 })
    }

    /// Longitude in degrees.
    pub fn lon(self) -> f64 {
        f64::from(self.lon_e7) / 1e7
    }

    /// Latitude in degrees.
    pub fn lat(self) -> f64 {
        f64::from(self.lat_e7) / 1e7
    }

    /// Great-circle distance in metres on a sphere (haversine); off by up to 0.5 % against the ellipsoid.
    pub fn distance_m(self, other: Self) -> f64 {
        let (lat_a, lat_b) = (self.lat().to_radians(), other.lat().to_radians());
        let half_lat = ((lat_b - lat_a) / 2.0).sin();
        let half_lon = ((other.lon() - self.lon()).to_radians() / 2.0).sin();
        let h = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lon * half_lon;
        2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
    }
}

/// A box of longitudes and latitudes, edges included. It does not cross the 180th meridian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// Western edge, 10⁻⁷ degree.
    pub west_e7: i32,
    /// Southern edge, 10⁻⁷ degree.
    pub south_e7: i32,
    /// Eastern edge, 10⁻⁷ degree.
    pub east_e7: i32,
    /// Northern edge, 10⁻⁷ degree.
    pub north_e7: i32,
}

impl Bounds {
    /// The smallest box around the points; `None` when there are none.
    pub fn around(points: impl IntoIterator<Item = Point>) -> Option<Self> {
        points.into_iter().fold(None, |so_far, p| {
            let here = Self { west_e7: p.lon_e7, south_e7: p.lat_e7, east_e7: p.lon_e7, north_e7: p.lat_e7 };
            Some(so_far.map_or(here, |b: Self| b.join(here)))
        })
    }

    /// The smallest box around both.
    pub fn join(self, other: Self) -> Self {
        Self {
            west_e7: self.west_e7.min(other.west_e7),
            south_e7: self.south_e7.min(other.south_e7),
            east_e7: self.east_e7.max(other.east_e7),
            north_e7: self.north_e7.max(other.north_e7),
        }
    }

    /// Whether the point lies in the box or on its edge.
    pub fn contains(self, p: Point) -> bool {
        (self.west_e7..=self.east_e7).contains(&p.lon_e7) && (self.south_e7..=self.north_e7).contains(&p.lat_e7)
    }
}
