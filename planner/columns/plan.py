"""The columns of a plan: facts, options, units, lakes, parcels, earth, money, years."""

from typing import Final

from planner.columns.noun import table_of

FACTS: Final = table_of(
    ("area_m2", "m²", "Area", "面积", "ellipsoidal area on the CRS's ellipsoid"),
    ("area_mu", "mu", "Area", "面积", "ellipsoidal area"),
    ("plane_m2", "m²", "Plane area", "平面面积", "area in the working projection"),
    ("subsidence_m", "m", "Subsidence", "沉陷深度", "mean ground lost"),
    ("subsidence_max_m", "m", "Greatest subsidence", "最大沉陷深度", "largest ground lost in the unit"),
    ("sunk_mu", "mu", "Sunk", "沉陷面积", "area inside the 10 mm subsidence line"),
    ("ground_m", "m", "Ground", "地面高程", "mean elevation today"),
    ("ground_min_m", "m", "Lowest ground", "最低地面", "lowest elevation today"),
    ("ground_max_m", "m", "Highest ground", "最高地面", "highest elevation today"),
    ("slope_deg", "°", "Slope", "坡度", "mean slope of the terrain"),
    ("water_table_m", "m", "Water table", "地下水位", "mean elevation of the water table in a normal year"),
    ("water_table_dry_m", "m", "Water table, dry", "枯水期地下水位", "mean elevation of the water table at its dry extreme"),
    ("water_table_wet_m", "m", "Water table, wet", "丰水期地下水位", "mean elevation of the water table at its wet extreme"),
    ("water_depth_m", "m", "Water depth", "积水深度", "mean of max(water table - ground, 0) over the unit, normal year"),
    ("water_share", "", "Share under water", "积水面积比", "share of the unit below the water table, normal year"),
    ("water_share_dry", "", "Share under water, dry", "枯水期积水比", "share of the unit below the dry water table"),
    ("water_share_wet", "", "Share under water, wet", "丰水期积水比", "share of the unit below the wet water table"),
    ("waterlogging", "", "Waterlogging", "积水类型", "dry, seasonal or perennial"),
    ("residual_mm", "mm", "Residual subsidence", "残余沉降", "largest subsidence still to come"),
    ("tilt_mm_m", "mm/m", "Tilt", "倾斜", "largest residual tilt"),
    ("curvature_mm_m2", "mm/m²", "Curvature", "曲率", "largest residual curvature"),
    ("strain_mm_m", "mm/m", "Strain", "水平变形", "largest residual horizontal strain"),
    ("settled_year", "", "Settled from", "稳沉年份", "year from which the ground counts as settled"),
    (
        "free_year",
        "",
        "Unrestricted from",
        "不限建年份",
        "year from which it is settled and building needs no design against deformation",
    ),
    ("constraint", "", "Constraints", "限制条件", "names of the constraints that touch the unit, ; between"),
    ("forbids", "", "Forbidden targets", "禁止用途", "targets the constraints rule out, comma between"),
    ("phase", "", "Phase", "分期", "phase of the works, of its parcel; empty where it has none"),
    ("landuse", "", "Land use today", "现状地类", "land use today where it is known"),
    ("missing_share", "", "Terrain missing", "高程缺失比", "share of the unit without terrain"),
    ("deeper", "", "Next deeper unit", "下一更深单元", "the neighbour on the way to the basin's bottom, or empty"),
    ("basin_id", "", "Basin", "汇水洼地", "the hollow the unit drains to"),
    ("spill_level_m", "m", "Spill level", "溢流水位", "lowest level at which the basin's water leaves it, where known"),
    (
        "lake_level_m",
        "m",
        "Lake level",
        "湖面水位",
        "level of a lake here by the water table: one for all that would be one body",
    ),
    ("shore_level_m", "m", "Lake level beside", "临湖水位", "highest lake by the water table on the unit or beside it"),
    ("dam_m", "m", "Kept apart", "隔挡水位差", "by how much the lakes differ that the unit keeps apart; 0 where none"),
)

OPTIONS: Final = table_of(
    ("target", "", "Target", "规划用途", "construction, arable, green, reservoir or unrestored"),
    ("treatment", "", "Treatment", "治理方式", "the way to the target"),
    ("area_mu", "mu", "Area", "面积", "ellipsoidal area"),
    ("restored_mu", "mu", "Restored", "恢复面积", "area where the target is land, else 0"),
    ("water_mu", "mu", "Water", "水面面积", "area under water at the normal level under this option"),
    ("storage_m3", "m³", "Storage", "蓄水量", "water held at the storage level, after digging"),
    ("cut_m3", "m³", "Cut", "挖方", "earth dug, bank cubic metres"),
    ("fill_m3", "m³", "Fill", "填方", "earth placed, compacted cubic metres"),
    ("cost_cny", "yuan", "Cost", "投资", "works and earth"),
    ("dyke_m3", "m³", "Dykes", "堤防填方", "earth of the dykes that are certain, part of the fill"),
    ("dyke_cny", "yuan", "Cost of dykes", "堤防投资", "of the dykes that are certain, part of the cost"),
    ("drain_m3", "m³", "Field ditches", "田间排水沟土方", "earth of the ditches, part of the cut"),
    ("pump_kw", "kW", "Pumps", "排涝装机", "installed power that keeps the land dry"),
    ("drain_cny", "yuan", "Cost of drainage", "排水投资", "ditches, pumps, their upkeep and energy, part of the cost"),
    (
        "surcharge_cny",
        "yuan",
        "Design against deformation",
        "抗变形设计增加费",
        "where building is restricted, part of the cost",
    ),
    ("benefit_cny", "yuan", "Value", "收益", "value of the land or water won"),
    ("ready_year", "", "Ready from", "可用年份", "year in which works have ended, ground settled and the lake filled"),
    ("npv_cny", "yuan", "Present value", "净现值", "benefit less cost, each of its own year, at the discount rate"),
    ("score", "", "Suitability", "适宜性得分", "0-1"),
    (
        "water_loss_m3_a",
        "m³/a",
        "Water lost a year",
        "年净蒸发损失",
        "evaporation less rain of a mean year, if asked for",
    ),
)

UNITS: Final = (
    FACTS
    | OPTIONS
    | table_of(
        ("unit_id", "", "Unit", "单元编号", "planning unit"),
        ("parcel_id", "", "Parcel", "地块编号", "the polygon it was cut from"),
        ("design_m", "m", "Finished ground", "设计高程", "mean elevation after the works"),
        ("reservoir_id", "", "Reservoir", "所属水库", "the body of water it is part of, or empty"),
        ("reason", "", "Reason", "理由", "why this target"),
        ("stands", "", "Stands", "已建成用途", "the use a survey found built there, when planned again around it, or empty"),
        ("confidence", "", "Confidence", "用途稳定度", "share of draws of uncertain inputs that keep the target"),
    )
)

RESERVOIRS: Final = table_of(
    ("reservoir_id", "", "Reservoir", "水库", "connected body of water, R1 the largest"),
    ("size_class", "", "Size class (SL 252)", "规模等级（SL 252）", "by total storage"),
    ("level_m", "m", "Normal level", "正常蓄水位", "normal level"),
    ("dead_level_m", "m", "Dead level", "死水位", "level under which nothing is drawn"),
    ("flood_level_m", "m", "Flood level", "洪水位", "level at which total storage is measured"),
    ("spill_level_m", "m", "Spill level", "溢流水位", "lowest level at which water leaves over the rim"),
    ("area_mu", "mu", "Area", "面积", "land given to it"),
    ("wetland_mu", "mu", "Wetland", "相连湿地面积", "wetland that its water reaches"),
    ("water_mu", "mu", "Water surface", "水面面积", "under water at the normal level, wetland with it"),
    ("storage_m3", "m³", "Total storage", "总库容", "total storage, at the flood level"),
    ("storage_sd_m3", "m³", "Error of total storage (1 sd)", "总库容误差（1倍标准差）", "from the errors of terrain and level"),
    ("normal_m3", "m³", "Storage at normal level", "正常蓄水位以下库容", "water held at the normal level"),
    ("dead_m3", "m³", "Dead storage", "死库容", "water held at the dead level"),
    ("usable_m3", "m³", "Usable storage", "兴利库容", "normal less dead"),
    ("mean_depth_m", "m", "Mean depth", "平均水深", "at the normal level"),
    ("max_depth_m", "m", "Greatest depth", "最大水深", "at the normal level"),
    ("bed_m", "m", "Deepest bed", "最低湖底", "lowest point after digging"),
    ("units", "", "Units", "单元数", "how many planning units"),
)

DYKES: Final = table_of(
    ("dyke_id", "", "Dyke", "堤防", "a line that holds water above the ground beside it"),
    ("reservoir_id", "", "Reservoir", "水库", "whose water it holds, or empty for a wetland's"),
    ("crest_m", "m", "Crest", "堤顶高程", "storage level and freeboard"),
    ("length_m", "m", "Length", "长度", "along the edge of the water's land"),
    ("height_m", "m", "Greatest height", "最大堤高", "crest above the ground beside the edge"),
    ("mean_m", "m", "Mean height", "平均堤高", "over the length"),
    ("fill_m3", "m³", "Earth", "填方", "of its section, compacted"),
    ("cost_cny", "yuan", "Cost", "投资", "earth and lining of the water side"),
)

LAKE_YEARS: Final = table_of(
    ("reservoir_id", "", "Reservoir", "水库", "body of water"),
    ("run", "", "Years", "年型", "mean, wet, dry, three dry years, or a series"),
    ("lowest_m", "m", "Lowest level", "最低水位", "of all months"),
    ("highest_m", "m", "Highest level", "最高水位", "of all months"),
    ("end_m", "m", "Level at the end", "期末水位", "of the last month"),
    ("lowest_m3", "m³", "Least storage", "最小蓄水量", "of all months"),
    ("kept_share", "", "Years that keep the level", "水位保证率", "whose lowest level is within water.kept_m of normal"),
    ("spill_m3", "m³", "Spilled", "弃水量", "over the weir, in all years of the run"),
    ("deficit_m3", "m³", "Wanting", "缺水量", "drawn and not there, in all years of the run"),
    ("needed_m3", "m³", "To hold the level, a year", "维持水位年需补水量", "water to be brought"),
    ("fill_years", "a", "Filled after", "蓄满所需年数", "from empty, in equal years of the kind"),
)

LAKE_FLOODS: Final = table_of(
    ("reservoir_id", "", "Reservoir", "水库", "body of water"),
    ("level_m", "m", "Normal level", "正常蓄水位", "where the weir stands"),
    ("rim_m", "m", "Rim of the finished ground", "完工地面溢流高程", "lowest way out without dykes"),
    ("area_mu", "mu", "Water surface", "水面面积", "at the normal level"),
    ("basin_mu", "mu", "Drains to it", "汇水面积", "land and water"),
    ("largest_mu", "mu", "Largest lake that is kept", "可维持的最大水面", "by a mean year's rain, runoff and water brought"),
    ("flood_m", "m", "Level in the design storm", "设计洪水位", "routed over the weir"),
    ("crest_m", "m", "Crest needed", "所需堤顶高程", "level in the design storm and freeboard"),
    ("dyke_m", "m", "Dyke needed there", "溢流处所需堤高", "crest above the rim"),
    ("peak_in_m3_s", "m³/s", "Peak inflow", "入库洪峰", "of the design storm"),
    ("peak_out_m3_s", "m³/s", "Peak outflow", "下泄洪峰", "over the weir"),
)

PARCELS: Final = table_of(
    ("parcel_id", "", "Parcel", "地块编号", "the polygon"),
    ("name", "", "Name", "名称", "as the file has it"),
    ("name_en", "", "English name", "英文名称", "where the file has one"),
    ("mine", "", "Mine", "矿井", "the mine whose subsidence it is"),
    ("phase", "", "Phase", "分期", "phase of the works"),
    ("date", "", "Date", "日期", "of the survey or the subsidence"),
    ("subsidence_m", "m", "Subsidence", "沉陷深度", "mean ground lost"),
    ("main_target", "", "Main target", "主要用途", "the target with the largest area of it"),
)

CONSTRAINTS: Final = table_of(
    ("name", "", "Name", "名称", "as the file has it"),
    ("name_en", "", "English name", "英文名称", "where the file has one"),
    ("kind", "", "Kind", "类型", "kind of protection"),
    ("forbids", "", "Forbidden targets", "禁止用途", "targets it rules out, comma between"),
)

HAUL: Final = table_of(
    ("from_unit", "", "From unit", "取土单元", "the unit that is dug, or outside"),
    ("to_unit", "", "To unit", "填土单元", "the unit that is filled, or outside"),
    ("m3", "m³", "Volume, compacted", "压实方", "as it is placed"),
    ("loose_m3", "m³", "Volume, loose", "松方", "as it is carried"),
    ("distance_m", "m", "Distance", "运距", "between the units' middles"),
    ("cost_cny", "yuan", "Haul cost", "运输费", "of carrying it"),
)

FLOW: Final = table_of(
    ("year", "", "Year", "年份", "calendar year"),
    ("cost_cny", "yuan", "Cost", "投资", "works, earth and lump sums of the year"),
    ("benefit_cny", "yuan", "Value", "收益", "value of the land or water ready in the year"),
    ("net_cny", "yuan", "Net", "净现金流", "benefit less cost"),
    ("discounted_cny", "yuan", "Discounted", "折现值", "net at the discount rate"),
)

STAGES: Final = table_of(
    ("level_m", "m", "Stage", "水位", "level of the water"),
    ("area_m2", "m²", "Water surface", "水面面积", "under water at that level"),
    ("area_sd_m2", "m²", "±", "±", "its standard deviation, from the errors of terrain and level"),
    ("storage_m3", "m³", "Storage", "库容", "water held at that level"),
    ("storage_sd_m3", "m³", "±", "±", "its standard deviation"),
)

HOLLOWS: Final = table_of(
    ("hollow", "", "Hollow", "洼地", "1 the one that holds most"),
    ("pit_x", "m", "Pit x", "最低点x", "easting of the lowest cell"),
    ("pit_y", "m", "Pit y", "最低点y", "northing of the lowest cell"),
    ("pit_level_m", "m", "Pit", "底高程", "elevation of the lowest cell"),
    ("spill_level_m", "m", "Spill level", "溢流水位", "lowest level at which water leaves it"),
    ("depth_m", "m", "Depth", "深度", "spill level less pit"),
    ("area_m2", "m²", "Area", "面积", "under water when it is full"),
    ("volume_m3", "m³", "Volume", "容积", "held when it is full"),
    ("parent", "", "Part of", "属于", "the hollow it is part of once it spills, 0 where the water leaves the terrain"),
)

SHOWN: Final = table_of(  # what the map works out of a unit's columns
    ("table_depth_m", "m", "Depth to the water table", "地下水埋深", "ground less water table; negative under water"),
    ("net_cny_mu", "yuan/mu", "Net value per mu", "每亩净收益", "value less cost, by area"),
    (
        "price_cny_mu",
        "yuan/mu",
        "Price of the choice per mu",
        "选择的代价（每亩）",
        "what the next best target would lose, by area",
    ),
)

YEARS: Final = table_of(
    ("year", "", "Year", "年份", "calendar year"),
    ("cost_cny", "yuan", "Cost", "投资", "works, earth and lump sums of the year"),
    ("benefit_cny", "yuan", "Value", "收益", "value of the land or water ready in the year"),
    ("cut_m3", "m³", "Cut", "挖方", "earth dug in the year"),
    ("fill_m3", "m³", "Fill", "填方", "earth placed in the year"),
    ("import_m3", "m³", "Brought in", "外购土方", "from outside"),
    ("export_m3", "m³", "Left over at the end", "期末余土", "what no unit takes"),
    ("stock_m3", "m³", "In the stockpile at year's end", "年末堆存", "dug and not placed yet"),
)

CONTRACT_OPTIONS: Final = (  # of the layer `options`: what every saved plan has
    *("target", "treatment", "area_mu", "restored_mu", "water_mu", "storage_m3"),
    *("cut_m3", "fill_m3", "cost_cny"),
)

CONTRACT_COLUMNS: Final = (  # of the layer `units`, in this order
    *(
        "unit_id",
        "parcel_id",
        "target",
        "treatment",
        "area_mu",
        "subsidence_m",
        "water_depth_m",
        "storage_m3",
        "cut_m3",
        "fill_m3",
    ),
    *("cost_cny", "benefit_cny", "reason"),
)
