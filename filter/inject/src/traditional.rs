//! Traditional Chinese as Simplified Chinese: the letters that differ and that instructions are written with.
//!
//! A chosen part of Unicode's `kSimplifiedVariant` (UAX #38). What is left out reads as itself.

use std::sync::LazyLock;

/// Pairs of a traditional letter and its simplified form, in order.
const PAIRS: &str = concat!(
    "並并乾干來来侷局係系倉仓個个們们偵侦偽伪傑杰備备傳传傷伤僅仅僞伪價价億亿儘尽償偿優优儲储兒儿內内兩两冊册凍冻凱凯",
    "別别刪删則则剛刚剝剥創创劃划劇剧劉刘劑剂動动務务勝胜勞劳勢势勸劝匯汇區区協协卻却厭厌厲厉參参叢丛吳吴員员問问啓启",
    "啞哑啟启喚唤單单嗎吗嘗尝嚇吓嚴严囉啰國国圍围圖图團团執执報报場场塊块墮堕壇坛壓压壞坏壯壮夠够夢梦奧奥奪夺妝妆婦妇",
    "媽妈嬰婴孃娘孫孙學学宮宫實实寧宁審审寫写寶宝將将專专尋寻對对導导尷尴屆届屍尸層层屬属島岛崗岗帥帅師师帳帐帶带幣币",
    "幫帮幹干幾几庫库廠厂廢废廣广張张強强彈弹彙汇後后徑径從从復复徵征徹彻恆恒恥耻悅悦惡恶愛爱態态慘惨慣惯慮虑憑凭憤愤",
    "憶忆應应懲惩懶懒懷怀戀恋戰战戲戏戶户拋抛捨舍掃扫掛挂採采揚扬換换揮挥損损搖摇撥拨擇择擊击擋挡擔担據据擬拟擴扩擺摆",
    "擾扰攔拦攜携攝摄敗败敘叙敵敌數数斬斩斷断於于昇升時时暈晕暫暂曆历曉晓書书會会東东條条楊杨極极構构槍枪樂乐標标樣样",
    "樹树橋桥機机檔档檢检欄栏權权歐欧歡欢歲岁歷历殘残殺杀殼壳毀毁氣气氫氢決决沒没沖冲況况洩泄淚泪測测準准溝沟滿满漢汉",
    "漸渐潛潜濟济濫滥濾滤瀏浏灣湾災灾為为無无燈灯燒烧營营爛烂爭争爺爷爾尔牆墙犧牺狀状獄狱獎奖獨独獲获現现瑪玛環环產产",
    "畫画異异當当瘋疯療疗癥症發发皺皱盜盗盡尽監监盤盘眾众睜睁矚瞩確确碼码礎础礙碍祇只祕秘禍祸禪禅禮礼種种稱称積积穩稳",
    "竊窃競竞筆笔節节範范篩筛簡简簽签籤签糧粮糾纠紀纪約约紅红納纳紐纽純纯紙纸級级細细終终組组絆绊結结絕绝絡络給给統统",
    "絲丝綁绑經经綠绿維维網网緊紧緒绪線线緣缘編编練练縣县縫缝縮缩縱纵總总繞绕繪绘繼继續续纏缠罰罚罵骂羅罗義义習习聖圣",
    "聞闻聯联聰聪聲声職职聽听肅肃脅胁腦脑腳脚膚肤膽胆臉脸臨临臺台與与興兴舉举舊旧舖铺艦舰莊庄萬万葉叶蒼苍蓋盖蕭萧藝艺",
    "藥药蘇苏處处虛虚虜虏號号蝕蚀蟲虫衆众術术衛卫衝冲衹只裏里補补裝装裡里製制複复襲袭規规視视覺觉覽览觀观觸触訂订計计",
    "訊讯討讨訓训託托記记訝讶訪访設设許许訴诉註注詐诈評评詞词詢询試试詩诗話话該该詳详誇夸認认誘诱語语誠诚誤误說说誰谁",
    "課课調调談谈請请論论諜谍諾诺謀谋謊谎謎谜講讲謝谢謹谨證证識识譜谱譯译議议譴谴護护讀读變变讓让讚赞貝贝負负財财貢贡",
    "貨货貪贪貫贯責责買买費费貼贴資资賊贼賠赔賢贤賣卖賦赋質质賬账賴赖賺赚購购贈赠贏赢趕赶趙赵趨趋跡迹踐践蹤踪躍跃車车",
    "軌轨軍军軟软軸轴載载輔辅輕轻輛辆輩辈輪轮輯辑輸输轉转轟轰辦办辭辞農农迴回逕迳這这連连週周進进遊游運运過过達达違违",
    "遙遥遜逊遞递遠远適适遲迟遷迁選选遺遗還还邊边邏逻郵邮鄉乡鄭郑鄰邻醫医釀酿釋释針针釣钓鈕钮鉤钩銀银銜衔銷销鋼钢錄录",
    "錢钱錦锦錯错鍵键鍾钟鎖锁鎮镇鏈链鏡镜鐘钟鐵铁鑑鉴鑰钥鑽钻長长門门閃闪閉闭開开閒闲間间閣阁閱阅闆板闖闯關关闡阐陣阵",
    "陰阴陳陈陸陆隊队階阶隨随險险隱隐隸隶隻只雖虽雙双雜杂雞鸡離离難难雲云電电霧雾靈灵靜静韓韩響响頁页頂顶項项順顺須须",
    "預预頒颁頓顿頗颇頭头頻频題题額额顏颜願愿類类顧顾顯显飄飘飛飞飢饥飯饭養养餘余館馆馬马駐驻駕驾騎骑騙骗騰腾驅驱驗验",
    "驚惊驟骤體体髮发鬆松鬥斗鬧闹魚鱼魯鲁鮮鲜鳥鸟鹽盐麥麦麼么黃黄點点黨党黴霉齊齐齡龄龍龙龐庞",
);

/// The pairs, and which letters have one: few of a text do, and a search for each would cost more than all else.
#[derive(Debug)]
pub(crate) struct Traditional {
    pairs: Vec<(char, char)>,
    has: Vec<u64>,
}

static TABLE: LazyLock<Traditional> = LazyLock::new(Traditional::new);

// === impl Traditional ===

impl Traditional {
    /// The table.
    pub(crate) fn get() -> &'static Traditional {
        &TABLE
    }

    fn new() -> Traditional {
        let mut letters = PAIRS.chars();
        let pairs: Vec<_> = std::iter::from_fn(|| Some((letters.next()?, letters.next()?))).collect();
        let mut has = Vec::new();
        for (letter, _) in &pairs {
            let (word, bit) = place(u32::from(*letter));
            if has.len() <= word {
                has.resize(word + 1, 0);
            }
            if let Some(word) = has.get_mut(word) {
                *word |= bit;
            }
        }
        Traditional { pairs, has }
    }

    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        size_of::<(char, char)>() * self.pairs.capacity() + 8 * self.has.capacity()
    }

    /// Whether the letter of this code has a simplified form.
    pub(crate) fn may_have(&self, code: u32) -> bool {
        let (word, bit) = place(code);
        self.has.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The simplified form of `character`.
    pub(crate) fn simplified(&self, character: char) -> char {
        if !self.may_have(u32::from(character)) {
            return character;
        }
        let found = self.pairs.binary_search_by_key(&character, |pair| pair.0);
        found.ok().and_then(|index| self.pairs.get(index)).map_or(character, |pair| pair.1)
    }
}

fn place(code: u32) -> (usize, u64) {
    let code = code.saturating_sub(0x3400);
    (code as usize / 64, 1 << (code % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        let table = Traditional::get();
        assert!(table.pairs.is_sorted_by(|left, right| left.0 < right.0));
        assert_eq!(
            ["請", "說", "示"].map(|letter| table.simplified(letter.chars().next().unwrap())),
            ['请', '说', '示']
        );
    }
}
